import { Dices, Info, Lock } from "lucide-react";
import { ToggleGroup } from "radix-ui";
import { limits, type ModelSummary, type PictureMedia, presetSchema } from "../../core/contract/index.ts";
import { LOCKED } from "../motion-lane/locked.ts";
import { useSelect, useStudio } from "../state/context.ts";
import { randomSeed } from "../state/draft.ts";
import { animators, type Lane, laneSize } from "../state/lane.ts";
import { Button } from "../ui/Button.tsx";
import { NumberField } from "../ui/NumberField.tsx";
import { offProps } from "../ui/off.ts";
import { presetWords } from "../ui/words.ts";

interface Props {
  readonly lane: Lane;
  readonly picture: PictureMedia;
  readonly isLocked: boolean;
  readonly canEditPrompt: boolean;
}

/** The sizes that a model offers, and the chosen one where it is none of them: one that would fit, for example. */
function sizesWith(offered: ModelSummary["sizes"], chosen: { readonly width: number; readonly height: number }) {
  const isOffered = offered.some(({ width, height }) => width === chosen.width && height === chosen.height);
  return isOffered ? offered : [...offered, { ...chosen, label: "" }];
}

/** What decides the clip besides picture, sound and keyframes. */
export function Settings({ lane, picture, isLocked, canEditPrompt }: Props) {
  const { actions } = useStudio();
  const model = useSelect((state) => animators(state.models)[0]);
  // Whatever changes here asks for another clip than the one that was made.
  const edit = (change: Partial<Lane>) => {
    if (!isLocked) actions.animations.editLane({ ...change, job: null });
  };
  const off = isLocked ? LOCKED : null;
  const size = laneSize(lane, model ?? null, picture);
  const preset = lane.preset ?? model?.animation?.defaultPreset ?? "balanced";
  const chosen = model?.animation?.presets.find(({ id }) => id === preset);
  return (
    <div className="settings" title={isLocked ? LOCKED : undefined}>
      {isLocked ? (
        <p className="settings__locked">
          <Lock size={12} aria-hidden />
          {LOCKED}
        </p>
      ) : null}
      <label className="text-field">
        <span className="slider-field__label">Words, if you like</span>
        <textarea
          className="field text-field__area"
          rows={2}
          dir="auto"
          readOnly={!canEditPrompt}
          {...offProps(canEditPrompt ? null : LOCKED)}
          value={lane.prompt}
          placeholder="Picture and sound say enough"
          onChange={(event) =>
            isLocked
              ? actions.animations.editLane({ prompt: event.target.value })
              : edit({ prompt: event.target.value })
          }
        />
      </label>
      <fieldset className="settings__row">
        <legend className="slider-field__label">Quality</legend>
        <ToggleGroup.Root
          className="segments"
          type="single"
          aria-label="Quality"
          value={preset}
          data-off={isLocked}
          onValueChange={(value) => {
            const wanted = presetSchema.safeParse(value);
            if (wanted.success) edit({ preset: wanted.data });
          }}
        >
          {(model?.animation?.presets ?? []).map(({ id, about }) => (
            <ToggleGroup.Item key={id} className="segments__item" value={id} title={about} {...offProps(off)}>
              {presetWords[id]}
            </ToggleGroup.Item>
          ))}
        </ToggleGroup.Root>
        {chosen ? <p className="slider-field__hint">{chosen.about}</p> : null}
      </fieldset>
      <div className="settings__pair">
        <label className="number">
          <span className="number__label">Size</span>
          <select
            className="field settings__select mono"
            {...offProps(off)}
            value={`${size.width}×${size.height}`}
            onChange={(event) => {
              const [width = 0, height = 0] = event.target.value.split("×").map(Number);
              edit({ size: { width, height } });
            }}
          >
            {sizesWith(model?.sizes ?? [], size).map(({ width, height, label }) => (
              <option key={`${width}×${height}`} value={`${width}×${height}`}>
                {width}×{height} {label}
              </option>
            ))}
          </select>
        </label>
        <div className="settings__seed">
          <NumberField label="Seed" value={lane.seed} off={off} {...limits.seed} onChange={(seed) => edit({ seed })} />
          <Button
            kind="quiet"
            icon={<Dices size={15} aria-hidden />}
            label="Roll a new seed"
            off={off}
            onClick={() => edit({ seed: randomSeed() })}
          />
        </div>
      </div>
      <label className="settings__check">
        <input
          type="checkbox"
          checked={lane.straight}
          {...offProps(off)}
          onChange={(event) => edit({ straight: event.target.checked })}
        />
        Run straight through, without showing me the keyframes first
      </label>
      {model ? (
        <p className="settings__about">
          <Info size={13} aria-hidden />
          {/* What a model says about itself mostly begins with its name. */}
          <span>{model.about.startsWith(model.name) ? model.about : `${model.name}: ${model.about}`}</span>
        </p>
      ) : (
        <p className="settings__about">
          <Info size={13} aria-hidden />
          <span>
            No model that animates pictures is installed: get KeyVID in Models (Alt+4), or run{" "}
            <code className="mono">plume models install FILE</code>.
          </span>
        </p>
      )}
    </div>
  );
}
