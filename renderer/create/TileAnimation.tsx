import { Check, Pause, Play, RefreshCw } from "lucide-react";
import { useStudio } from "../state/context.ts";
import type { AnimateItem, Item } from "../state/items.ts";
import { Button } from "../ui/Button.tsx";

interface Props {
  readonly item: AnimateItem;
}

/** The keyframes are there; the next word is the user's. */
export function Asking({ item: { job } }: Props) {
  const { actions } = useStudio();
  if (!job) return null;
  return (
    <div className="tile__message">
      <p className="tile__sentence">
        <Check size={15} aria-hidden /> The keyframes are ready.
      </p>
      <div className="tile__choices">
        <Button onClick={() => actions.animations.openJob(job)}>Look at them</Button>
        <Button kind="quiet" onClick={() => void actions.animations.approve(job)}>
          Accept all
        </Button>
      </div>
    </div>
  );
}

export function Paused({ item: { job } }: { readonly item: Pick<Item, "job"> }) {
  const { actions } = useStudio();
  if (!job) return null;
  return (
    <div className="tile__message">
      <p className="tile__sentence">
        <Pause size={15} aria-hidden /> Paused at {Math.round(job.progress.fraction * 100)} %. What was computed is
        kept.
      </p>
      <div className="tile__choices">
        <Button icon={<Play size={13} aria-hidden />} onClick={() => void actions.animations.resume(job.id)}>
          Resume
        </Button>
      </div>
    </div>
  );
}

/** Its sound or its picture is another now: nothing is made anew until the user says so. */
export function Stale({ item, reason }: Props & { readonly reason: string }) {
  const { actions } = useStudio();
  return (
    <div className="tile__stale">
      <Button
        icon={<RefreshCw size={13} aria-hidden />}
        label={`${reason} Opens the motion lane.`}
        onClick={() => actions.animations.reuse(item)}
      >
        Re-animate
      </Button>
    </div>
  );
}
