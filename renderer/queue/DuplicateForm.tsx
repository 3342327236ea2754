import { Popover } from "radix-ui";
import { useState } from "react";
import { type GenerateJob, limits, SIZE_STEP } from "../../core/contract/index.ts";
import { randomSeed } from "../state/draft.ts";
import { useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { NumberField } from "../ui/NumberField.tsx";

/** The same clip with other words or numbers: beside this one, or instead of it where it was not made yet. */
export function DuplicateForm({ job }: { readonly job: GenerateJob }) {
  const { queueActions } = useStudio();
  const { request, state } = job;
  const [change, setChange] = useState({
    prompt: request.prompt,
    width: request.width,
    height: request.height,
    frames: request.frames,
    steps: request.steps,
    guidance: request.guidance,
    seed: request.seed,
  });
  const canReplace = state !== "running" && state !== "done";
  const set = (more: Partial<typeof change>) => setChange((now) => ({ ...now, ...more }));
  const number = (
    label: string,
    field: Exclude<keyof typeof change, "prompt">,
    range: { min: number; max: number },
    step = 1,
  ) => (
    <NumberField
      label={label}
      value={change[field]}
      {...range}
      step={step}
      onChange={(value) => set({ [field]: value })}
    />
  );
  return (
    <form className="duplicate" onSubmit={(event) => event.preventDefault()}>
      <label className="duplicate__prompt">
        <span className="number__label">Prompt</span>
        <textarea
          className="field"
          rows={3}
          value={change.prompt}
          onChange={(event) => set({ prompt: event.target.value })}
        />
      </label>
      <div className="duplicate__numbers">
        {number("Width", "width", limits.size, SIZE_STEP)}
        {number("Height", "height", limits.size, SIZE_STEP)}
        {number("Frames", "frames", limits.frames)}
        {number("Steps", "steps", limits.steps)}
        {number("Guidance", "guidance", limits.guidance, 0.5)}
        {number("Seed", "seed", limits.seed)}
      </div>
      <div className="duplicate__buttons">
        <Button kind="quiet" onClick={() => set({ seed: randomSeed() })}>
          Another seed
        </Button>
        <span className="queue__space" />
        {canReplace ? (
          <Popover.Close asChild>
            <Button onClick={() => void queueActions.duplicate(job.id, change, true)}>Change this one</Button>
          </Popover.Close>
        ) : null}
        <Popover.Close asChild>
          <Button kind="primary" onClick={() => void queueActions.duplicate(job.id, change, false)}>
            Add a copy
          </Button>
        </Popover.Close>
      </div>
    </form>
  );
}
