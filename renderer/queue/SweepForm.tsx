import { Plus, X } from "lucide-react";
import { useState } from "react";
import { parseValues, type SweepAxis, type SweepField, sweep, sweepFields } from "../../core/batch/index.ts";
import { type GenerationRequest, StudioError } from "../../core/contract/index.ts";
import { useModel, useSelect } from "../state/context.ts";
import { requestOf } from "../state/draft.ts";
import { Button } from "../ui/Button.tsx";
import { Modal } from "../ui/Modal.tsx";
import { AddClips } from "./AddClips.tsx";

interface TypedAxis {
  readonly field: SweepField;
  readonly text: string;
}

const words: Readonly<Record<SweepField, string>> = {
  seed: "Seed",
  steps: "Steps",
  guidance: "Guidance",
  frames: "Frames",
  fps: "Frames per second",
  width: "Width",
  height: "Height",
};

/** Every combination of some settings, with the prompt and the other settings of Create. */
export function SweepForm({ onClose }: { readonly onClose: () => void }) {
  const draft = useSelect((state) => state.draft);
  const model = useModel();
  const request = requestOf(draft, model);
  const [prompt, setPrompt] = useState(request.prompt);
  const [axes, setAxes] = useState<readonly TypedAxis[]>([
    { field: "seed", text: "1..4" },
    { field: "steps", text: "4, 8" },
  ]);
  const change = (i: number, more: Partial<TypedAxis>) =>
    setAxes(axes.map((axis, n) => (n === i ? { ...axis, ...more } : axis)));
  const unused = sweepFields.filter((field) => axes.every((axis) => axis.field !== field));
  const clips = combined({ ...request, prompt }, axes, draft.seed);
  return (
    <Modal label="Sweep" className="queue-sheet" onClose={onClose}>
      <h2 className="queue-sheet__title">Sweep</h2>
      <p className="queue-sheet__hint">
        Every combination of these values becomes a clip; all else is as in Create. Write values like 4, 8, 16 or ranges
        like 1..4.
      </p>
      <label className="duplicate__prompt">
        <span className="number__label">Prompt</span>
        <textarea className="field" rows={2} value={prompt} onChange={(event) => setPrompt(event.target.value)} />
      </label>
      <ul className="sweep">
        {axes.map((axis, i) => (
          <li key={axis.field} className="sweep__axis">
            <select
              className="field"
              aria-label={`Setting ${i + 1}`}
              value={axis.field}
              onChange={(event) => change(i, { field: event.target.value as SweepField })}
            >
              {sweepFields
                .filter((field) => field === axis.field || unused.includes(field))
                .map((field) => (
                  <option key={field} value={field}>
                    {words[field]}
                  </option>
                ))}
            </select>
            <input
              className="field mono"
              aria-label={`Values of ${words[axis.field]}`}
              value={axis.text}
              onChange={(event) => change(i, { text: event.target.value })}
            />
            <Button
              kind="quiet"
              label={`Leave ${words[axis.field]} as it is`}
              icon={<X size={13} aria-hidden />}
              onClick={() => setAxes(axes.filter((_, n) => n !== i))}
            />
          </li>
        ))}
      </ul>
      {unused[0] === undefined ? null : (
        <Button
          kind="quiet"
          icon={<Plus size={13} aria-hidden />}
          onClick={() => setAxes([...axes, { field: unused[0]!, text: "" }])}
        >
          Another setting
        </Button>
      )}
      {typeof clips === "string" ? (
        <p className="queue-sheet__problem" role="alert">
          {clips}
        </p>
      ) : null}
      <AddClips clips={clips} onClose={onClose} />
    </Modal>
  );
}

/** The clips, or why there are none. */
function combined(request: GenerationRequest, typed: readonly TypedAxis[], seed: number): GenerationRequest[] | string {
  if (request.prompt.trim() === "") return "Write a sentence that describes the clips.";
  try {
    const axes = typed.map(({ field, text }): SweepAxis => ({ field, values: parseValues(text) }));
    return sweep(request, axes, seed);
  } catch (error) {
    return StudioError.from(error).message;
  }
}
