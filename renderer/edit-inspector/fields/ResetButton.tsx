import { RotateCcw } from "lucide-react";
import { memo } from "react";
import { Button } from "../../ui/Button.tsx";

interface Props {
  readonly label: string;
  /** The value is as it was made. */
  readonly disabled: boolean;
  /** Must stay the same function (useStable). */
  readonly onReset: () => void;
}

/** Gives a value back what it had when it was made; not seen where it has that. */
export const ResetButton = memo(function ResetButton({ label, disabled, onReset }: Props) {
  return (
    <Button
      kind="quiet"
      className="value-row__button"
      icon={<RotateCcw size={12} aria-hidden />}
      label={`Reset ${label.toLowerCase()}`}
      disabled={disabled}
      onClick={onReset}
    />
  );
});
