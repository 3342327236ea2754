import { useId, useState } from "react";
import { Button } from "../ui/Button.tsx";
import { Modal } from "../ui/Modal.tsx";

interface Props {
  readonly title: string;
  /** What the button says. */
  readonly action: string;
  readonly initial: string;
  readonly onDone: (name: string) => void;
  readonly onClose: () => void;
}

/** Asks for one name. */
export function NameDialog({ title, action, initial, onDone, onClose }: Props) {
  const [name, setName] = useState(initial);
  const id = useId();
  const isGiven = name.trim() !== "";
  return (
    <Modal className="name-dialog" label={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isGiven) onDone(name.trim());
        }}
      >
        <h2>{title}</h2>
        <label className="visually-hidden" htmlFor={id}>
          Name
        </label>
        <input
          id={id}
          className="field name-dialog__field"
          value={name}
          maxLength={200}
          placeholder="Name"
          ref={(element) => {
            if (element && document.activeElement !== element) {
              // The dialog takes focus when it opens; the one field is what everybody wants.
              requestAnimationFrame(() => element.select());
            }
          }}
          onChange={(event) => setName(event.target.value)}
        />
        <div className="name-dialog__buttons">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" off={isGiven ? null : "Give it a name first."} onClick={() => onDone(name.trim())}>
            {action}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
