/* oxlint-disable jsx-a11y/prefer-tag-over-role -- a list of choices for a field is no select */
import "./palette.css";
import { Search } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { keysOf } from "../commands/chord.ts";
import { contextOf, runCommand } from "../commands/dispatch.ts";
import { commands } from "../commands/index.ts";
import { chordsOf } from "../commands/keymap.ts";
import { search } from "../commands/search.ts";
import { useKeymap } from "../commands/use-commands.ts";
import { useEditUi, useStudio } from "../state/context.ts";
import { Modal } from "../ui/Modal.tsx";

/** Every command that can be done now, found by a few of its letters. */
export function Palette() {
  const isOpen = useEditUi((ui) => ui.sheet === "palette");
  return isOpen ? <OpenPalette /> : null;
}

function OpenPalette() {
  const studio = useStudio();
  const keymap = useKeymap();
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const possible = useMemo(() => {
    const { workspace } = studio.editUi.getState();
    const context = contextOf(studio);
    return commands.filter(
      ({ scope, when, keysOnly, id: command }) =>
        (scope === "all" || scope === workspace) &&
        keysOnly !== true &&
        command !== "app.palette" &&
        (when?.(context) ?? true),
    );
  }, [studio]);
  const found = useMemo(() => search(possible, typed), [possible, typed]);
  const at = Math.min(chosen, found.length - 1);
  const close = () => studio.editUi.setState({ sheet: null });

  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  });

  function run(index: number): void {
    const command = found[index];
    if (command === undefined) return;
    close();
    runCommand(studio, command);
  }

  function onKeyDown(event: KeyboardEvent): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setChosen((at + step + found.length) % Math.max(1, found.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(at);
    }
  }

  return (
    <Modal className="palette" label="Command palette" onClose={close} onKeyDown={onKeyDown}>
      <div className="palette__search">
        <Search size={15} aria-hidden />
        <input
          ref={input}
          className="palette__field"
          role="combobox"
          aria-label="Find a command"
          aria-expanded
          aria-controls={`${id}-list`}
          aria-activedescendant={found[at] ? `${id}-${found[at].id}` : undefined}
          placeholder="What do you want to do?"
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setChosen(0);
          }}
        />
      </div>
      <div className="palette__list" id={`${id}-list`} ref={list} role="listbox" aria-label="Commands" tabIndex={-1}>
        {found.map((command, index) => (
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the field above has the keyboard
          <div
            key={command.id}
            id={`${id}-${command.id}`}
            className="palette__item"
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            onClick={() => run(index)}
            onPointerMove={() => setChosen(index)}
          >
            <span className="palette__title">{command.title}</span>
            <span className="palette__group">{command.group}</span>
            <span className="palette__keys">
              {chordsOf(keymap, command)
                .slice(0, 1)
                .flatMap(keysOf)
                .map((key) => (
                  <kbd key={key} className="key">
                    {key}
                  </kbd>
                ))}
            </span>
          </div>
        ))}
      </div>
      {found.length === 0 ? <p className="palette__none">Nothing is called that.</p> : null}
    </Modal>
  );
}
