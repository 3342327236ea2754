import "./prompt-dock.css";
import {
  Box as ModelIcon,
  CornerDownLeft,
  Frame,
  Grid2x2,
  SlidersHorizontal,
  Timer,
  TriangleAlert,
} from "lucide-react";
import { ToggleGroup } from "radix-ui";
import { type KeyboardEvent, useId } from "react";
import { PlanLine, planWords } from "../plan/PlanLine.tsx";
import { usePlans } from "../plan/use-plan.ts";
import { useModel, useSelect, useStudio } from "../state/context.ts";
import { type Draft, settingsOf } from "../state/draft.ts";
import { Button } from "../ui/Button.tsx";
import { formatLength, plural } from "../ui/format.ts";
import { ControlPopover } from "../ui/Popover.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { LengthPanel, ModelPanel, MorePanel, SizePanel } from "./panels.tsx";
import { SeedControl } from "./SeedControl.tsx";

const VARIATIONS = [1, 2, 4, 9];

export function PromptDock() {
  const { actions } = useStudio();
  const draft = useSelect((state) => state.draft);
  const problem = useSelect((state) => state.problem);
  const isSending = useSelect((state) => state.sending > 0);
  const model = useModel();
  const messageId = useId();

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.key === "Escape") {
      event.currentTarget.blur();
      document.querySelector<HTMLElement>('[data-tile][tabindex="0"]')?.focus();
    }
    // While an input method is composing, Enter belongs to it.
    if (event.key !== "Enter" || event.shiftKey || event.ctrlKey || event.metaKey || event.nativeEvent.isComposing)
      return;
    event.preventDefault();
    void actions.generate();
  }

  const settings = model ? settingsOf(draft, model) : null;
  const plan =
    usePlans(settings && model ? [{ kind: "generate", request: { ...settings, model: model.id } }] : [])?.[0] ?? null;
  return (
    <section className="dock" aria-label="Prompt">
      <div className="dock__box" data-problem={problem !== null}>
        <div className="dock__prompt">
          <label htmlFor="prompt" className="visually-hidden">
            Describe the clip
          </label>
          <textarea
            id="prompt"
            className="dock__text"
            rows={1}
            dir="auto"
            value={draft.prompt}
            placeholder="Describe the clip …"
            aria-invalid={problem !== null}
            aria-describedby={messageId}
            onChange={(event) => actions.edit({ prompt: event.target.value })}
            onKeyDown={onKeyDown}
          />
          <Button
            kind="primary"
            className="dock__go"
            label={
              plan === null
                ? "Add to the queue (Enter)"
                : `Add to the queue (Enter): ${planWords(plan, draft.variations)}`
            }
            onClick={() => void actions.generate()}
          >
            Generate
            {isSending ? <Spinner /> : <CornerDownLeft size={14} aria-hidden />}
          </Button>
        </div>
        {model && settings ? (
          <div className="dock__controls">
            <ControlPopover
              name="Model"
              icon={<ModelIcon size={14} aria-hidden />}
              value={model.name}
              className="control--model"
            >
              <ModelPanel model={model} />
            </ControlPopover>
            <ControlPopover
              name="Length"
              icon={<Timer size={14} aria-hidden />}
              value={`${formatLength(settings.frames, settings.fps)} · ${plural(settings.frames, "frame")}`}
            >
              <LengthPanel settings={settings} />
            </ControlPopover>
            <ControlPopover
              name="Size"
              icon={<Frame size={14} aria-hidden />}
              value={`${settings.width}×${settings.height}`}
            >
              <SizePanel model={model} settings={settings} />
            </ControlPopover>
            <SeedControl />
            <div className="variations">
              <Grid2x2 size={14} aria-hidden />
              <ToggleGroup.Root
                className="segments"
                type="single"
                aria-label="Variations"
                value={String(draft.variations)}
                onValueChange={(value) => value && actions.edit({ variations: Number(value) })}
              >
                {VARIATIONS.map((count) => (
                  <ToggleGroup.Item
                    key={count}
                    className="segments__item"
                    value={String(count)}
                    aria-label={plural(count, "variation")}
                    title={count === 1 ? "One clip" : `${count} clips with seeds that count up`}
                  >
                    {count}
                  </ToggleGroup.Item>
                ))}
              </ToggleGroup.Root>
            </div>
            <ControlPopover
              name="More"
              icon={<SlidersHorizontal size={14} aria-hidden />}
              value="More"
              className="control--more"
            >
              <MorePanel model={model} settings={settings} />
            </ControlPopover>
          </div>
        ) : null}
      </div>
      <p id={messageId} className={problem ? "dock__message dock__message--problem" : "dock__message"}>
        {problem ? <TriangleAlert size={13} aria-hidden /> : null}
        {problem ? (
          problem.message
        ) : plan && model ? (
          <PlanLine
            plan={plan}
            variations={draft.variations}
            onAdvice={(change) => actions.edit(change as Partial<Draft>)}
          />
        ) : (
          hint(model !== null, isSending)
        )}
      </p>
    </section>
  );
}

/** The quiet line under the box, where there is nothing to plan. */
function hint(hasModel: boolean, isSending: boolean) {
  if (!hasModel && isSending) return "Your prompt is next, as soon as the model is ready.";
  if (!hasModel) return "Prompts can be added already; they wait for the model.";
  return "Made on this computer. Nothing leaves it.";
}
