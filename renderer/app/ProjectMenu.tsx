import "./menu.css";
import { ChevronDown, Lock, TriangleAlert } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useEffect, useState } from "react";
import type { ProjectSummary } from "../../core/contract/index.ts";
import { useProject, useStudio } from "../state/context.ts";
import { formatAgo } from "../ui/format.ts";
import { offProps } from "../ui/off.ts";
import { NameDialog } from "./NameDialog.tsx";

/** The open project's name, where its changes stand, and the way to other projects. */
export function ProjectMenu() {
  const { project } = useStudio();
  const id = useProject((view) => view.state?.id ?? null);
  const name = useProject((view) => view.document.name);
  const [recent, setRecent] = useState<readonly ProjectSummary[]>([]);
  const [now, setNow] = useState(() => Date.now());
  const [asks, setAsks] = useState<"create" | "rename" | null>(null);
  const others = recent.filter((each) => each.id !== id).slice(0, 8);

  return (
    <>
      <DropdownMenu.Root
        modal={false}
        onOpenChange={(opened) => {
          if (!opened) return;
          setNow(Date.now());
          void project.list().then(setRecent, () => setRecent([]));
        }}
      >
        <DropdownMenu.Trigger className="project-menu" aria-label={`Project: ${name}`}>
          <span className="project-menu__name">{name}</span>
          <ChevronDown size={13} aria-hidden />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="start" sideOffset={6}>
            <DropdownMenu.Item className="menu__item" onSelect={() => setAsks("create")}>
              New project…
            </DropdownMenu.Item>
            <DropdownMenu.Item
              className="menu__item"
              {...offProps(id === null ? "There is no project yet: make one, or put a clip on the timeline." : null)}
              onSelect={(event) => {
                if (id === null) event.preventDefault();
                else setAsks("rename");
              }}
            >
              Rename…
            </DropdownMenu.Item>
            {others.length > 0 ? (
              <>
                <DropdownMenu.Separator className="menu__line" />
                <DropdownMenu.Label className="menu__label">Open</DropdownMenu.Label>
                {others.map(({ id: own, name: other, modifiedAt }) => (
                  <DropdownMenu.Item key={own} className="menu__item" onSelect={() => void project.open(own)}>
                    <span className="menu__text">{other}</span>
                    <span className="menu__note">{formatAgo(now - Date.parse(modifiedAt))}</span>
                  </DropdownMenu.Item>
                ))}
              </>
            ) : null}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <Saved />
      {asks ? (
        <NameDialog
          title={asks === "create" ? "New project" : "Rename the project"}
          action={asks === "create" ? "Create" : "Rename"}
          initial={asks === "create" ? "" : name}
          onClose={() => setAsks(null)}
          onDone={(given) => {
            setAsks(null);
            if (asks === "create") void project.create(given);
            else project.perform("setSettings", { name: given });
          }}
        />
      ) : null}
    </>
  );
}

/** Whether the changes are safe on disk. */
function Saved() {
  const isOpen = useProject((view) => view.state !== null);
  const readOnly = useProject((view) => view.state?.readOnly ?? null);
  const isSaving = useProject(({ state, written: { durable } }) => state !== null && durable < state.revision);
  const problem = useProject((view) => view.written.problem);
  const at = useProject((view) => view.written.at);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 2000);
    return () => clearInterval(timer);
  }, []);
  if (!isOpen) return null;
  if (readOnly !== null)
    return (
      <span className="saved" title={readOnly}>
        <Lock size={12} aria-hidden /> Read only
      </span>
    );
  if (problem !== null)
    return (
      <span className="saved saved--problem" role="alert" title={problem.message}>
        <TriangleAlert size={12} aria-hidden /> Not saved: {problem.message}
      </span>
    );
  if (isSaving) return <span className="saved">Saving …</span>;
  return <span className="saved">Saved{at === null ? "" : ` ${formatAgo(now - at)}`}</span>;
}
