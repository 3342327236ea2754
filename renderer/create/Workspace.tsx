import "./workspace.css";
import { useItems, useSelect } from "../state/context.ts";
import { EmptyState } from "./EmptyState.tsx";
import { Grid } from "./Grid.tsx";
import { PromptDock } from "./PromptDock.tsx";

export function Workspace() {
  const items = useItems();
  const ready = useSelect((state) => state.ready);
  return (
    <main className="workspace">
      {items.length > 0 ? <Grid items={items} /> : ready ? <EmptyState /> : <div className="workspace__blank" />}
      <PromptDock />
    </main>
  );
}
