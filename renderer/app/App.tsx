import "./app.css";
import { useEffect } from "react";
import { Workspace } from "../create/Workspace.tsx";
import { EditWorkspace } from "../edit/EditWorkspace.tsx";
import { Inspector } from "../inspector/Inspector.tsx";
import { Player } from "../player/Player.tsx";
import { QueueStrip } from "../queue/QueueStrip.tsx";
import { useEditUi, useItems, useSelect, useStudio } from "../state/context.ts";
import { ConnectionLost } from "./ConnectionLost.tsx";
import { handleKey } from "./keys.ts";
import { NoticeBar } from "./NoticeBar.tsx";
import { Shortcuts } from "./Shortcuts.tsx";
import { TitleBar } from "./TitleBar.tsx";

export function App() {
  const { store, actions } = useStudio();
  const items = useItems();
  const announcement = useSelect((state) => state.announcement);
  const connection = useSelect((state) => state.connection);

  const workspace = useEditUi((ui) => ui.workspace);

  useEffect(() => {
    if (workspace === "edit") return undefined;
    const onKey = (event: KeyboardEvent) => handleKey(event, { state: store.getState(), items, actions });
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [store, items, actions, workspace]);

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
      ) : (
        <div className="app__body">
          <Workspace />
          <Inspector />
        </div>
      )}
      <QueueStrip />
      <NoticeBar />
      <Player />
      <Shortcuts />
      {connection === "lost" || connection === "ended" ? <ConnectionLost ended={connection === "ended"} /> : null}
      <output className="visually-hidden" aria-live="polite">
        {announcement}
      </output>
    </div>
  );
}
