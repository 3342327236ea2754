import { X } from "lucide-react";
import { useSelect, useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { Modal } from "../ui/Modal.tsx";
import { shortcuts } from "./keys.ts";

const groups = [...new Set(shortcuts.map(({ group }) => group))];

export function Shortcuts() {
  const { actions } = useStudio();
  const shown = useSelect((state) => state.showsShortcuts);
  if (!shown) return null;
  const close = () => actions.showShortcuts(false);
  return (
    <Modal className="sheet" label="Keyboard shortcuts" onClose={close}>
      <div className="sheet__head">
        <h2>Keyboard shortcuts</h2>
        <Button kind="quiet" icon={<X size={16} aria-hidden />} label="Close (Esc)" onClick={close} />
      </div>
      <div className="sheet__groups">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {shortcuts
                .filter((shortcut) => shortcut.group === group)
                .map(({ keys, does }) => (
                  <div key={does} className="sheet__row">
                    <dt>{does}</dt>
                    <dd>
                      {keys.map((key) => (
                        <kbd key={key} className="key">
                          {key}
                        </kbd>
                      ))}
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
