import { FileOutput } from "lucide-react";
import type { ExchangeFormat } from "../../core/contract/index.ts";
import { useProject, useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { exchangeWords } from "./exchange-words.ts";
import { NameField, titleOff } from "./NameField.tsx";

interface Props {
  readonly format: ExchangeFormat;
  readonly title: string;
  readonly onTitle: (title: string) => void;
}

const NO_PROJECT = "There is no project yet: put a clip on the timeline in Edit.";

/** The timeline itself, for other programs. */
export function ExchangeForm({ format, title, onTitle }: Props) {
  const { exchange } = useStudio();
  const isOpen = useProject(({ state }) => state !== null);
  const { name, about } = exchangeWords[format];
  return (
    <section className="export__settings" aria-label="Settings">
      <header className="export__head">
        <h2 className="export__title">{name}</h2>
        <p className="export__hint">{about}.</p>
      </header>
      <div className="export__form">
        <NameField title={title} onTitle={onTitle} extension={`.${format}`} />
      </div>
      <footer className="export__foot">
        {isOpen ? null : <p className="export__facts">{NO_PROJECT}</p>}
        <Button
          kind="primary"
          icon={<FileOutput size={14} aria-hidden />}
          off={isOpen ? titleOff(title) : NO_PROJECT}
          onClick={() => void exchange.write(format, title)}
        >
          Write
        </Button>
      </footer>
    </section>
  );
}
