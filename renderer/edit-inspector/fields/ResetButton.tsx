import { RotateCcw } from "lucide-react";
import { memo } from "react";
import { Button } from "../../ui/Button.tsx";

interface Props {
  readonly label: string;
  /** The value is as it was made. */
  readonly isUsual: boolean;
  /** Must stay the same function (useStable). */
  readonly onReset: () => void;
}

/** Gives a value back what it had when it was made; there is none where it has that, only its room. */
export const ResetButton = memo(function ResetButton({ label, isUsual, onReset }: Props) {
  if (isUsual) return <span className="value-row__button" />;
  return (
    <Button
      kind="quiet"
      className="value-row__button"
      icon={<RotateCcw size={12} aria-hidden />}
      label={`Reset ${label.toLowerCase()}`}
      onClick={onReset}
    />
  );
});
