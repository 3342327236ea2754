import { type ExportPreset, presets } from "../../core/export/index.ts";

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

/** What can be made, as cards. */
export function PresetList({ chosen, onChoose }: { readonly chosen: string; readonly onChoose: (id: string) => void }) {
  return (
    <div className="presets" role="radiogroup" aria-label="Format">
      {groups.map(([group, title]) => (
        <section key={group} aria-label={title}>
          <h3 className="presets__group">{title}</h3>
          {presets
            .filter((preset) => preset.group === group)
            .map(({ id, name, about }) => (
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
            ))}
        </section>
      ))}
    </div>
  );
}
