import { FileText } from "lucide-react";
import { useState } from "react";
import { parsePromptList } from "../../core/batch/index.ts";
import { type GenerationRequest, StudioError } from "../../core/contract/index.ts";
import { useModel, useSelect } from "../state/context.ts";
import { requestOf } from "../state/draft.ts";
import { filesOf, pickFiles } from "../state/pick-files.ts";
import { Button } from "../ui/Button.tsx";
import { Modal } from "../ui/Modal.tsx";
import { AddClips } from "./AddClips.tsx";

/** Prompts that are shown before they are added. */
const SHOWN = 200;

/** Takes in a list of prompts: dropped, chosen or typed; shows what it is understood as before anything is added. */
export function ListForm({ onClose }: { readonly onClose: () => void }) {
  const draft = useSelect((state) => state.draft);
  const model = useModel();
  const [list, setList] = useState({ name: "list.txt", text: "" });
  const [isOver, setOver] = useState(false);
  const { prompt: _, seed: __, ...base } = requestOf(draft, model);
  const read = understood(list.name, list.text, base);
  const take = async (file: File | undefined) => {
    if (file) setList({ name: file.name, text: await file.text() });
  };
  return (
    <Modal label="Prompt list" className="queue-sheet" onClose={onClose}>
      <h2 className="queue-sheet__title">Prompt list</h2>
      <p className="queue-sheet__hint">
        One prompt a line, or a table (.csv) with a column “prompt” and any of negative, seed, size, frames, steps,
        guidance. What a row does not say is as in Create.
      </p>
      <div
        className="queue-sheet__drop"
        data-over={isOver}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void filesOf(event.dataTransfer).then(([first]) => take(first?.file));
        }}
      >
        <textarea
          className="field queue-sheet__text"
          aria-label="Prompts"
          placeholder={"red rain\nblue bubbles rising slowly\n…"}
          value={list.text}
          onChange={(event) => setList({ ...list, text: event.target.value })}
        />
        <Button
          icon={<FileText size={14} aria-hidden />}
          onClick={() => void pickFiles("files").then(([first]) => take(first?.file))}
        >
          Choose or drop a file
        </Button>
        {list.name === "list.txt" ? null : <span className="queue-sheet__file mono">{list.name}</span>}
      </div>
      {list.text.trim() === "" ? null : typeof read === "string" ? (
        <p className="queue-sheet__problem" role="alert">
          {read}
        </p>
      ) : (
        <ol className="queue-sheet__preview" aria-label="What will be added">
          {read.slice(0, SHOWN).map((request, i) => (
            // oxlint-disable-next-line react/no-array-index-key -- rows of a file are told apart by their place alone
            <li key={i}>
              {request.prompt}
              <span className="queue-row__facts">{factsOf(request, base)}</span>
            </li>
          ))}
        </ol>
      )}
      <AddClips clips={read} onClose={onClose} />
    </Modal>
  );
}

/** The clips of a list, or why it is none. */
function understood(name: string, text: string, base: Omit<GenerationRequest, "prompt">): GenerationRequest[] | string {
  try {
    return parsePromptList(name, text, base);
  } catch (error) {
    return StudioError.from(error).message;
  }
}

/** What a row says for itself. */
function factsOf(request: GenerationRequest, base: Omit<GenerationRequest, "prompt">): string {
  return Object.entries(request)
    .filter(([name, value]) => name !== "prompt" && value !== (base as Record<string, unknown>)[name])
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(" · ");
}
