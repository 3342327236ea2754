import "./seed-control.css";
import { Dices, Lock, LockOpen } from "lucide-react";
import { limits } from "../../core/contract/index.ts";
import { useSelect, useStudio } from "../state/context.ts";
import { randomSeed } from "../state/draft.ts";
import { NumberField } from "../ui/NumberField.tsx";

/** The seed that the next clip uses. Unlocked, it changes after each; typing one locks it. */
export function SeedControl() {
  const { actions } = useStudio();
  const seed = useSelect((state) => state.draft.seed);
  const isLocked = useSelect((state) => state.draft.seedLocked);
  return (
    <div className="seed" data-locked={isLocked}>
      <button
        type="button"
        className="seed__button"
        aria-pressed={isLocked}
        aria-label="Keep this seed"
        title={
          isLocked
            ? "Every clip uses this seed. Click for a new one each time."
            : "Each clip gets a new seed. Click to keep this one."
        }
        onClick={() => actions.edit({ seedLocked: !isLocked })}
      >
        {isLocked ? <Lock size={13} aria-hidden /> : <LockOpen size={13} aria-hidden />}
      </button>
      <NumberField
        hideLabel
        label="Seed"
        value={seed}
        min={limits.seed.min}
        max={limits.seed.max}
        onChange={(value) => actions.edit({ seed: value, seedLocked: true })}
      />
      <button
        type="button"
        className="seed__button"
        aria-label="Roll a new seed"
        title="Roll a new seed"
        onClick={() => actions.edit({ seed: randomSeed() })}
      >
        <Dices size={15} aria-hidden />
      </button>
    </div>
  );
}
