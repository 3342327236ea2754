import { FolderOpen, Keyboard, TriangleAlert } from "lucide-react";
import { useEditUi, useSelect, useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { Mark } from "../ui/Mark.tsx";
import { type Workspace, workspaces } from "../state/edit-ui.ts";
import { ComputerChip } from "./ComputerChip.tsx";
import { ProjectMenu } from "./ProjectMenu.tsx";

const titles: Readonly<Record<Workspace, string>> = {
  create: "Create",
  edit: "Edit",
  export: "Export",
  models: "Models",
};

export function TitleBar() {
  const { actions, editUi } = useStudio();
  const workspace = useEditUi((ui) => ui.workspace);
  const system = useSelect((state) => state.system);
  return (
    <header className="title-bar">
      <div className="title-bar__left">
        <span className="title-bar__mark">
          <Mark />
        </span>
        <h1 className="title-bar__name">Plume Studio</h1>
        {workspace === "create" && system ? (
          <span className="title-bar__folder" title="Finished clips are kept in this folder">
            <FolderOpen size={13} aria-hidden />
            <span className="visually-hidden">Clips are kept in </span>
            {system.outputFolderName}
          </span>
        ) : null}
        {workspace === "create" || workspace === "models" ? null : <ProjectMenu />}
      </div>
      <nav className="title-bar__tabs" aria-label="Workspace">
        {workspaces.map((name) => (
          <button
            key={name}
            type="button"
            className="title-bar__tab"
            aria-current={name === workspace ? "page" : undefined}
            onClick={() => editUi.setState({ workspace: name })}
          >
            {titles[name]}
          </button>
        ))}
      </nav>
      <div className="title-bar__right">
        {system?.ffmpegProblem ? (
          <span className="chip chip--problem" role="alert" title={system.ffmpegProblem}>
            <TriangleAlert size={13} aria-hidden />
            {system.ffmpegProblem}
          </span>
        ) : null}
        {system ? <ComputerChip system={system} /> : null}
        <Button
          kind="quiet"
          icon={<Keyboard size={16} aria-hidden />}
          label="Keyboard shortcuts (?)"
          onClick={() => actions.showShortcuts(true)}
        />
      </div>
    </header>
  );
}
