import "./generate-sheet.css";
import { Sparkle } from "lucide-react";
import { ToggleGroup } from "radix-ui";
import { useId, useState } from "react";
import { type GenerationRequest, generationRequestSchema } from "../../core/contract/index.ts";
import { limits } from "../../core/contract/generation.ts";
import { formatTimecode } from "../../core/time/index.ts";
import { PlanLine, planWords } from "../plan/PlanLine.tsx";
import { usePlans } from "../plan/use-plan.ts";
import { attempt } from "../state/attempt.ts";
import { useEditUi, useModel, useProject, useStudio } from "../state/context.ts";
import type { Generating } from "../state/edit-ui.ts";
import { Button } from "../ui/Button.tsx";
import { plural } from "../ui/format.ts";
import { Modal } from "../ui/Modal.tsx";
import { SliderField } from "../ui/SliderField.tsx";
import { durationOf, framesFor, requestFor, sizesFor } from "./generate.ts";

/** “Generate here”: a sentence makes a clip in the gap; its length and shape come from the gap. */
export function GenerateSheet() {
  const target = useEditUi((ui) => ui.generating);
  return target === null ? null : <Sheet target={target} />;
}

const VARIATIONS = [1, 2, 4];

/** “448×256” as a size to choose; none for no size. */
function sizeOf(text: string) {
  const [width = 0, height = 0] = text.split("×").map(Number);
  return width > 0 && height > 0 ? [{ width, height, label: "Smaller" }] : [];
}

/** What decides how long a clip takes. */
function withoutWords(wanted: GenerationRequest) {
  const { prompt: _, negativePrompt: __, seed: ___, ...request } = wanted;
  return request;
}

function Sheet({ target }: { readonly target: Generating }) {
  const { editUi, project, client, store } = useStudio();
  const model = useModel();
  const settings = useProject((view) => view.document.settings);
  const tracks = useProject((view) => view.document.tracks);
  const before = target.type === "take" ? target.request : null;
  const room = target.type === "gap" ? target.room : null;
  const offered = model ? sizesFor(model, settings) : [];
  const [prompt, setPrompt] = useState(before?.prompt ?? "");
  const [frames, setFrames] = useState(before?.frames ?? (model ? framesFor(model, room) : 16));
  const [size, setSize] = useState(before?.width ? `${before.width}×${before.height}` : "");
  const [variations, setVariations] = useState(1);
  const [problem, setProblem] = useState<string | null>(null);
  const id = useId();
  // A size that would fit need not be among those that the model offers.
  const sizes = offered.some((each) => `${each.width}×${each.height}` === size)
    ? offered
    : [...offered, ...sizeOf(size)];
  const close = () => editUi.setState({ generating: null });
  const chosen = sizes.find(({ width, height }) => `${width}×${height}` === size) ?? sizes[0];
  const wanted = model && chosen ? { ...before, ...requestFor(model, prompt, frames, chosen) } : null;
  const plan = usePlans(wanted ? [{ kind: "generate", request: withoutWords(wanted) }] : [])?.[0] ?? null;

  function generate(): void {
    if (model === null || wanted === null)
      return setProblem("The model is being made ready: wait a moment, then generate.");
    const parsed = generationRequestSchema.safeParse(wanted);
    if (!parsed.success) return setProblem(parsed.error.issues[0]?.message ?? "The request is not understood.");
    close();
    void attempt(store, async () => {
      const projectId = await project.ensure();
      const request = parsed.data;
      if (target.type === "take") {
        const { change } = await client.call("projects.retake", { id: projectId, clip: target.clip, request });
        project.take(change);
      } else {
        const duration = durationOf(frames, model, room, settings);
        const { track, at } = target;
        const made = await client.call("projects.generate", {
          id: projectId,
          track,
          at,
          duration,
          request,
          variations,
        });
        project.take(made.change);
        editUi.setState({ selection: { type: "clips", ids: [made.clip] } });
      }
      store.setState({ announcement: "Added to the queue. The clip fills in when it is done." });
    });
  }

  const where =
    target.type === "gap"
      ? `${tracks.find((track) => track.id === target.track)?.name ?? ""} at ${formatTimecode(target.at, settings)}`
      : "another take of this clip";
  return (
    <Modal className="generate" label="Generate here" onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          generate();
        }}
      >
        <h2>
          <Sparkle size={13} aria-hidden className="generate__star" />
          Generate here <span className="generate__where">{where}</span>
        </h2>
        <label className="visually-hidden" htmlFor={id}>
          Describe the clip
        </label>
        <textarea
          id={id}
          className="field generate__prompt"
          rows={3}
          dir="auto"
          placeholder="Describe the clip …"
          value={prompt}
          aria-invalid={problem !== null}
          aria-describedby={`${id}-problem`}
          ref={(element) => {
            if (element && element.dataset["seen"] === undefined) {
              element.dataset["seen"] = "";
              // The dialog takes focus when it opens; the sentence is what everybody wants to write.
              requestAnimationFrame(() => element.focus());
            }
          }}
          onChange={(event) => {
            setPrompt(event.target.value);
            setProblem(null);
          }}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            generate();
          }}
        />
        {model ? (
          <div className="generate__row">
            <SliderField
              label={`Length: ${(frames / model.defaults.fps).toFixed(2)} s, ${plural(frames, "frame")}`}
              value={frames}
              min={limits.frames.min}
              max={limits.frames.max}
              onChange={setFrames}
            />
            <label className="generate__size">
              <span>Size</span>
              <select className="field" value={size} onChange={(event) => setSize(event.target.value)}>
                {sizes.map(({ width, height, label }) => (
                  <option key={label} value={`${width}×${height}`}>
                    {label} · {width}×{height}
                  </option>
                ))}
              </select>
            </label>
            {target.type === "gap" ? (
              <div className="generate__size">
                <span id={`${id}-variations`}>Takes</span>
                <ToggleGroup.Root
                  className="segments"
                  type="single"
                  aria-labelledby={`${id}-variations`}
                  value={String(variations)}
                  onValueChange={(value) => value && setVariations(Number(value))}
                >
                  {VARIATIONS.map((count) => (
                    <ToggleGroup.Item
                      key={count}
                      className="segments__item"
                      value={String(count)}
                      aria-label={plural(count, "take")}
                    >
                      {count}
                    </ToggleGroup.Item>
                  ))}
                </ToggleGroup.Root>
              </div>
            ) : null}
          </div>
        ) : null}
        <div className="generate__foot">
          <p id={`${id}-problem`} className={problem === null ? "generate__hint" : "generate__problem"}>
            {problem ??
              (plan === null ? (
                "The clip appears at once and fills in when it is made."
              ) : (
                <PlanLine
                  plan={plan}
                  variations={variations}
                  onAdvice={(change) => {
                    if (change.frames !== undefined) setFrames(change.frames);
                    if (change.width !== undefined) setSize(`${change.width}×${change.height}`);
                  }}
                />
              ))}
          </p>
          <Button onClick={close}>Cancel</Button>
          <Button kind="primary" label={plan === null ? undefined : planWords(plan, variations)} onClick={generate}>
            Generate
          </Button>
        </div>
      </form>
    </Modal>
  );
}
