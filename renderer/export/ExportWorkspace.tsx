import "./export.css";
import { useEffect, useMemo, useState } from "react";
import { useFileDrop } from "../bin/use-file-drop.ts";
import { ViewerSlot } from "../edit/slots.tsx";
import { useProject, useStudio } from "../state/context.ts";
import { type Choice, exchangeOf, loadChoice, saveChoice, withPreset } from "./choice.ts";
import { ExchangeForm } from "./ExchangeForm.tsx";
import { ExportForm } from "./ExportForm.tsx";
import { ExportJobs } from "./ExportJobs.tsx";
import { PresetList } from "./PresetList.tsx";

/** What is to be made, of how much of the timeline, and what is being made. */
export function ExportWorkspace() {
  const { exchange, media, project } = useStudio();
  const name = useProject(({ state }) => state?.name ?? "");
  const [choice, setChoice] = useState<Choice>(() => loadChoice(localStorage));
  const [fileName, setFileName] = useState<string | null>(null);
  useEffect(() => void project.openLast(), [project]);
  useEffect(() => saveChoice(localStorage, choice), [choice]);
  useFileDrop((files) => void exchange.take(files).then(media.importFiles));
  // The old form's fields have nothing to do with the new preset's.
  const format = useMemo(() => exchangeOf(choice), [choice]);
  const title = fileName ?? (name === "" ? "Film" : name);
  return (
    <main className="export">
      <section className="export__presets" aria-label="Formats">
        <h2 className="export__title">Export</h2>
        <PresetList chosen={choice.preset} onChoose={(preset) => setChoice((now) => withPreset(now, preset))} />
      </section>
      <div className="export__middle">
        <section className="slot slot--viewer" aria-label="Viewer">
          <ViewerSlot />
        </section>
        <section className="export__jobs" aria-label="What is exported">
          <ExportJobs />
        </section>
      </div>
      {format === null ? (
        <ExportForm choice={choice} title={title} onTitle={setFileName} onChoice={setChoice} />
      ) : (
        <ExchangeForm format={format} title={title} onTitle={setFileName} />
      )}
    </main>
  );
}
