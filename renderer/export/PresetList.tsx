import type { ExchangeFormat } from "../../core/contract/index.ts";
import { type ExportPreset, presets } from "../../core/export/index.ts";
import { exchangeWords } from "./exchange-words.ts";

const groups: readonly (readonly [ExportPreset["group"], string])[] = [
  ["Timeline", "As the timeline"],
  ["16:9", "Wide"],
  ["9:16", "Upright"],
  ["1:1", "Square"],
  ["Master", "Master"],
  ["Animation", "Animation"],
  ["Pictures", "Pictures"],
  ["Sound", "Sound"],
];
const exchange = Object.entries(exchangeWords) as [ExchangeFormat, { name: string; about: string }][];

interface Props {
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}

/** What can be made, as cards: films, and the timeline itself for other programs. */
export function PresetList({ chosen, onChoose }: Props) {
  const card = (id: string, name: string, about: string) => (
    <label key={id} className="preset" data-chosen={id === chosen}>
      <input
        type="radio"
        name="preset"
        className="visually-hidden"
        checked={id === chosen}
        onChange={() => onChoose(id)}
      />
      <span className="preset__name">{name}</span>
      <span className="preset__about">{about}</span>
    </label>
  );
  return (
    <div className="presets" role="radiogroup" aria-label="Format">
      {groups.map(([group, title]) => (
        <section key={group} aria-label={title}>
          <h3 className="presets__group">{title}</h3>
          {presets.filter((preset) => preset.group === group).map(({ id, name, about }) => card(id, name, about))}
        </section>
      ))}
      <section aria-label="For other programs">
        <h3 className="presets__group">For other programs</h3>
        {exchange.map(([format, { name, about }]) => card(format, name, about))}
      </section>
    </div>
  );
}
