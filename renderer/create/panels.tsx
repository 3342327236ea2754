import "./panels.css";
import { ToggleGroup } from "radix-ui";
import { limits, type ModelSummary, type Plan, type Precision, SIZE_STEP } from "../../core/contract/index.ts";
import { usePlans } from "../plan/use-plan.ts";
import { useSelect, useStudio } from "../state/context.ts";
import { type Settings, wordModels } from "../state/draft.ts";
import { Button } from "../ui/Button.tsx";
import { formatBytes, formatCount, formatEstimate, formatLength } from "../ui/format.ts";
import { MoreModels } from "../ui/MoreModels.tsx";
import { NumberField } from "../ui/NumberField.tsx";
import { SliderField } from "../ui/SliderField.tsx";
import { offProps } from "../ui/off.ts";

/** Which model; each says what it knows. */
export function ModelPanel({ model }: { readonly model: ModelSummary }) {
  const { actions } = useStudio();
  const models = useSelect((state) => state.models);
  return (
    <>
      <div className="choices" role="radiogroup" aria-label="Model">
        {wordModels(models).map((each) => (
          <label key={each.id} className="choice">
            <input
              type="radio"
              name="model"
              className="visually-hidden"
              checked={each.id === model.id}
              onChange={() => actions.edit({ model: each.id })}
            />
            <span className="choice__title">{each.name}</span>
            <span className="choice__facts">
              {formatCount(each.parameters)} parameters · {formatBytes(each.bytesOnDisk)} · {each.licence}
            </span>
            <span className="choice__about">{each.about}</span>
          </label>
        ))}
      </div>
      <MoreModels />
    </>
  );
}

export function LengthPanel({ settings }: { readonly settings: Settings }) {
  const { actions } = useStudio();
  return (
    <>
      <SliderField
        label={`Frames · ${formatLength(settings.frames, settings.fps)}`}
        value={settings.frames}
        {...limits.frames}
        onChange={(frames) => actions.edit({ frames })}
      />
      <SliderField
        label="Frames per second"
        hint="Also tells the model how fast things move."
        value={settings.fps}
        {...limits.fps}
        onChange={(fps) => actions.edit({ fps })}
      />
      <Button kind="quiet" onClick={() => actions.edit({ frames: null, fps: null })}>
        As the model likes it
      </Button>
    </>
  );
}

export function SizePanel({ model, settings }: { readonly model: ModelSummary; readonly settings: Settings }) {
  const { actions } = useStudio();
  const plans = usePlans(
    model.sizes.map(({ width, height }) => ({
      kind: "generate",
      request: { ...settings, width, height, model: model.id },
    })),
  );
  return (
    <>
      <div className="choices choices--sizes" role="radiogroup" aria-label="Size">
        {model.sizes.map(({ width, height, label }, i) => (
          <label
            key={`${width}×${height}`}
            className="choice choice--size"
            data-off={plans?.[i]?.fits === false}
            title={plans?.[i]?.reason ?? undefined}
          >
            <input
              type="radio"
              name="size"
              className="visually-hidden"
              checked={width === settings.width && height === settings.height}
              {...offProps(plans?.[i]?.fits === false ? plans[i].reason : null)}
              onChange={() => {
                if (plans?.[i]?.fits !== false) actions.edit({ width, height });
              }}
            />
            <span className="choice__shape">
              <span style={{ aspectRatio: `${width} / ${height}`, [width >= height ? "width" : "height"]: 26 }} />
            </span>
            <span className="choice__title">{label}</span>
            <span className="choice__facts mono">
              {width}×{height}
            </span>
            {plans?.[i] ? (
              <span className="choice__facts">{plans[i].fits ? timeWords(plans[i]) : plans[i].reason}</span>
            ) : null}
          </label>
        ))}
      </div>
      <h3>Any multiple of {SIZE_STEP} pixels</h3>
      <div className="size-fields">
        <NumberField
          label="Width"
          value={settings.width}
          {...limits.size}
          step={SIZE_STEP}
          onChange={(width) => actions.edit({ width })}
        />
        <span aria-hidden>×</span>
        <NumberField
          label="Height"
          value={settings.height}
          {...limits.size}
          step={SIZE_STEP}
          onChange={(height) => actions.edit({ height })}
        />
      </div>
    </>
  );
}

const timeWords = ({ seconds }: Plan): string => (seconds === null ? "Fits" : formatEstimate(seconds * 1000));

const precisionWords: Readonly<Record<Precision, string>> = { fp32: "Exact (fp32)", int8: "Fast (int8)" };

export function MorePanel({ model, settings }: { readonly model: ModelSummary; readonly settings: Settings }) {
  const { actions } = useStudio();
  const negativePrompt = useSelect((state) => state.draft.negativePrompt);
  return (
    <>
      <SliderField
        label="Steps"
        hint="More steps take longer and add detail."
        value={settings.steps}
        min={limits.steps.min}
        max={Math.min(limits.steps.max, model.maxSteps)}
        onChange={(steps) => actions.edit({ steps })}
      />
      <SliderField
        label="Guidance"
        hint="How closely the picture follows the words."
        value={settings.guidance}
        {...limits.guidance}
        step={0.5}
        onChange={(guidance) => actions.edit({ guidance })}
      />
      {model.guidanceKind === "classifier-free" ? (
        <label className="text-field">
          <span className="slider-field__label">Not in the picture</span>
          <textarea
            className="field text-field__area"
            rows={2}
            dir="auto"
            value={negativePrompt}
            placeholder="Negative prompt"
            onChange={(event) => actions.edit({ negativePrompt: event.target.value })}
          />
        </label>
      ) : null}
      {model.precisions.length > 1 ? (
        <fieldset className="precision">
          <legend className="slider-field__label">Precision</legend>
          <ToggleGroup.Root
            className="segments"
            type="single"
            aria-label="Precision"
            value={settings.precision}
            onValueChange={(value) => {
              const precision = model.precisions.find((each) => each === value);
              if (precision) actions.edit({ precision });
            }}
          >
            {model.precisions.map((precision) => (
              <ToggleGroup.Item key={precision} className="segments__item" value={precision}>
                {precisionWords[precision]}
              </ToggleGroup.Item>
            ))}
          </ToggleGroup.Root>
        </fieldset>
      ) : null}
      <Button
        kind="quiet"
        onClick={() => actions.edit({ steps: null, guidance: null, precision: null, negativePrompt: "" })}
      >
        As the model likes it
      </Button>
    </>
  );
}
