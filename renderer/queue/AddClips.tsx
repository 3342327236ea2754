import type { GenerationRequest } from "../../core/contract/index.ts";
import { useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { plural } from "../ui/format.ts";

/** The last row of a sheet that puts clips into the queue; `clips` is why there are none where it is a sentence. */
export function AddClips({ clips, onClose }: { clips: readonly GenerationRequest[] | string; onClose: () => void }) {
  const { queueActions } = useStudio();
  return (
    <div className="queue-sheet__buttons">
      <Button kind="quiet" onClick={onClose}>
        Cancel
      </Button>
      <Button
        kind="primary"
        off={typeof clips === "string" ? clips : null}
        onClick={() => {
          if (typeof clips !== "string") void queueActions.add(clips).then((isDone) => isDone && onClose());
        }}
      >
        {typeof clips === "string" ? "Add to the queue" : `Add ${plural(clips.length, "clip")}`}
      </Button>
    </div>
  );
}
