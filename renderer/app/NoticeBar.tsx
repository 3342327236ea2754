import { Check, TriangleAlert, X } from "lucide-react";
import { useEffect } from "react";
import { useSelect, useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";

const SHOWN_MS = 6000;

/** One line for what is not visible anyway. Problems stay until they are closed. */
export function NoticeBar() {
  const { actions } = useStudio();
  const notice = useSelect((state) => state.notice);
  useEffect(() => {
    if (!notice || notice.kind === "problem") return undefined;
    const timer = setTimeout(actions.dismissNotice, SHOWN_MS * (notice.undo ? 2 : 1));
    return () => clearTimeout(timer);
  }, [notice, actions]);
  if (!notice) return null;
  return (
    <section className={`notice notice--${notice.kind}`} aria-label="Notice">
      {notice.kind === "problem" ? <TriangleAlert size={15} aria-hidden /> : <Check size={15} aria-hidden />}
      <span className="notice__text">{notice.text}</span>
      {notice.undo ? (
        <Button onClick={() => void actions.undo()}>
          Undo <kbd className="key">Ctrl Z</kbd>
        </Button>
      ) : null}
      <Button kind="quiet" icon={<X size={14} aria-hidden />} label="Close" onClick={actions.dismissNotice} />
    </section>
  );
}
