import "./app.css";
import { useEffect } from "react";
import { learnLayout } from "../commands/chord.ts";
import { attachKeys } from "../commands/dispatch.ts";
import { commands } from "../commands/index.ts";
import { Workspace } from "../create/Workspace.tsx";
import { EditWorkspace } from "../edit/EditWorkspace.tsx";
import { ExportWorkspace } from "../export/ExportWorkspace.tsx";
import { Inspector } from "../inspector/Inspector.tsx";
import { ModelsWorkspace } from "../models/ModelsWorkspace.tsx";
import { Player } from "../player/Player.tsx";
import { QueuePanel } from "../queue/QueuePanel.tsx";
import { QueueStrip } from "../queue/QueueStrip.tsx";
import { useEditUi, useSelect, useStudio } from "../state/context.ts";
import { GenerateSheet } from "../timeline/GenerateSheet.tsx";
import { ConnectionLost } from "./ConnectionLost.tsx";
import { MarkerDialog } from "./MarkerDialog.tsx";
import { NoticeBar } from "./NoticeBar.tsx";
import { OfferCard } from "./OfferCard.tsx";
import { Palette } from "./Palette.tsx";
import { Shortcuts } from "./Shortcuts.tsx";
import { TitleBar } from "./TitleBar.tsx";

export function App() {
  const studio = useStudio();
  const announcement = useSelect((state) => state.announcement);
  const connection = useSelect((state) => state.connection);

  const workspace = useEditUi((ui) => ui.workspace);

  useEffect(() => attachKeys(studio, commands), [studio]);
  useEffect(() => void learnLayout(), []);

  const running = useSelect((state) => state.jobs.find((job) => job.state === "running")?.progress.fraction);
  useEffect(() => {
    // The system's task bar and window switcher show the title: progress is seen there while another window is in front.
    const percent = running === undefined ? "" : `${Math.round(running * 100)} % · `;
    document.title = `${percent}Plume Studio`;
  }, [running]);

  return (
    <div className="app">
      <TitleBar />
      {workspace === "edit" ? (
        <EditWorkspace />
      ) : workspace === "export" ? (
        <ExportWorkspace />
      ) : workspace === "models" ? (
        <ModelsWorkspace />
      ) : (
        <div className="app__body">
          <Workspace />
          <Inspector />
        </div>
      )}
      <QueuePanel />
      <QueueStrip />
      <NoticeBar />
      <OfferCard />
      <Player />
      <Shortcuts />
      <Palette />
      <MarkerDialog />
      <GenerateSheet />
      {connection === "lost" || connection === "ended" ? <ConnectionLost ended={connection === "ended"} /> : null}
      <output className="visually-hidden" aria-live="polite">
        {announcement}
      </output>
    </div>
  );
}
