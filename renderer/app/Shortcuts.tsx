import "./shortcuts.css";
import { Pencil, RotateCcw, X } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { type Chord, chordOf, chordText, keysOf } from "../commands/chord.ts";
import { type Command, type Preset, presets } from "../commands/command.ts";
import { panelKeys } from "../commands/create.ts";
import { commands } from "../commands/index.ts";
import { chordsOf, conflictsOf, type Keymap, withKeys, withoutChange } from "../commands/keymap.ts";
import { scoreOf } from "../commands/search.ts";
import { useKeymap } from "../commands/use-commands.ts";
import { useEditUi, useSelect, useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { Modal } from "../ui/Modal.tsx";

const PRESETS: Readonly<Record<Preset, string>> = { default: "Default", resolve: "Resolve", fcp: "Final Cut" };

/** Every key of this workspace, and the place to change them. */
export function Shortcuts() {
  const shown = useSelect((state) => state.showsShortcuts);
  return shown ? <Sheet /> : null;
}

function Sheet() {
  const { actions, keymap: store } = useStudio();
  const keymap = useKeymap();
  const workspace = useEditUi((ui) => ui.workspace);
  const [typed, setTyped] = useState("");
  /** The command whose next key press is taken as its key. */
  const [asked, setAsked] = useState<Command | null>(null);
  const close = () => actions.showShortcuts(false);
  const here = commands.filter(({ scope }) => scope === "all" || scope === workspace);
  const fixed = workspace === "create" ? panelKeys : [];
  const fits = (title: string, group: string) => scoreOf({ title, group }, typed) > 0;
  const groups = [...new Set([...here, ...fixed].map(({ group }) => group))];

  return (
    <Modal className="sheet" label="Keyboard shortcuts" onClose={close}>
      <div className="sheet__head">
        <h2>Keyboard shortcuts</h2>
        <input
          className="field sheet__search"
          type="search"
          aria-label="Find a shortcut"
          placeholder="Find …"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <label className="sheet__preset">
          Keys as in
          <select
            className="field"
            value={keymap.preset}
            onChange={(event) => store.setState({ preset: event.target.value as Preset, changed: {} })}
          >
            {presets.map((preset) => (
              <option key={preset} value={preset}>
                {PRESETS[preset]}
              </option>
            ))}
          </select>
        </label>
        <Button kind="quiet" icon={<X size={16} aria-hidden />} label="Close (Esc)" onClick={close} />
      </div>
      <div className="sheet__groups">
        {groups.map((group) => {
          const own = here.filter((command) => command.group === group && fits(command.title, group));
          const keys = fixed.filter((each) => each.group === group && fits(each.does, group));
          if (own.length + keys.length === 0) return null;
          return (
            <section key={group}>
              <h3>{group}</h3>
              <dl>
                {keys.map(({ keys: names, does }) => (
                  <div key={does} className="sheet__row">
                    <dt>{does}</dt>
                    <dd>
                      <Keys keys={names} />
                    </dd>
                  </div>
                ))}
                {own.map((command) => (
                  <CommandRow
                    key={command.id}
                    command={command}
                    keymap={keymap}
                    isAsked={asked?.id === command.id}
                    onAsk={(ask) => setAsked(ask ? command : null)}
                    onChange={(next) => {
                      setAsked(null);
                      store.setState(next);
                    }}
                  />
                ))}
              </dl>
            </section>
          );
        })}
      </div>
    </Modal>
  );
}

const Keys = ({ keys }: { readonly keys: readonly string[] }) =>
  keys.map((key) => (
    <kbd key={key} className="key">
      {key}
    </kbd>
  ));

interface RowProps {
  readonly command: Command;
  readonly keymap: Keymap;
  readonly isAsked: boolean;
  readonly onAsk: (ask: boolean) => void;
  readonly onChange: (keymap: Keymap) => void;
}

function CommandRow({ command, keymap, isAsked, onAsk, onChange }: RowProps) {
  const chords = chordsOf(keymap, command);
  const isChanged = Object.hasOwn(keymap.changed, command.id);
  const conflicts = chords.flatMap((chord) => conflictsOf(keymap, commands, command, chord));
  return (
    <div className="sheet__row" data-changed={isChanged} data-asked={isAsked}>
      <dt>{command.title}</dt>
      <dd>
        {isAsked ? (
          <KeyCatcher command={command} keymap={keymap} onAsk={onAsk} onChange={onChange} />
        ) : (
          <>
            {chords[0] === undefined ? null : <Keys keys={keysOf(chords[0])} />}
            {conflicts.length > 0 ? (
              <span className="sheet__conflict" title={`Also: ${conflicts[0]!.title}`}>
                !<span className="visually-hidden">Also: {conflicts[0]!.title}</span>
              </span>
            ) : null}
            <Button
              kind="quiet"
              className="sheet__change"
              icon={<Pencil size={12} aria-hidden />}
              label={`Change the key of ${command.title}`}
              onClick={() => onAsk(true)}
            />
            {isChanged ? (
              <Button
                kind="quiet"
                className="sheet__change"
                icon={<RotateCcw size={12} aria-hidden />}
                label={`Usual key of ${command.title}`}
                onClick={() => onChange(withoutChange(keymap, command))}
              />
            ) : null}
          </>
        )}
      </dd>
    </div>
  );
}

/** Takes the next key press. Where another command has it, it says so and asks first. */
function KeyCatcher({ command, keymap, onAsk, onChange }: Omit<RowProps, "isAsked">) {
  const [chord, setChord] = useState<Chord | null>(null);
  const taken = chord === null ? [] : conflictsOf(keymap, commands, command, chord);
  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    if (event.key === "Tab" || (chord !== null && event.key === "Enter")) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") return onAsk(false);
    const next = chordOf(event.nativeEvent);
    if (next === null) return;
    if (conflictsOf(keymap, commands, command, next).length > 0) setChord(next);
    else onChange(withKeys(keymap, commands, command, [next]));
  }
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- the button inside has the focus
    <span className="sheet__catch" onKeyDown={onKeyDown}>
      {chord === null ? (
        <button
          type="button"
          className="button sheet__press"
          ref={(element) => element?.focus()}
          onClick={() => onAsk(false)}
        >
          Press a key …
        </button>
      ) : (
        <>
          <span className="sheet__taken">
            {chordText(chord)} is {taken[0]?.title}.
          </span>
          <button
            type="button"
            className="button"
            ref={(element) => element?.focus()}
            onClick={() => onChange(withKeys(keymap, commands, command, [chord]))}
          >
            Take it
          </button>
          <button type="button" className="button button--quiet" onClick={() => onAsk(false)}>
            Leave it
          </button>
        </>
      )}
      <button
        type="button"
        className="button button--quiet"
        onClick={() => onChange(withKeys(keymap, commands, command, []))}
      >
        No key
      </button>
    </span>
  );
}
