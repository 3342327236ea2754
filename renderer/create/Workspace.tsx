import "./workspace.css";
import { AnimateSheet } from "../animate/AnimateSheet.tsx";
import { useItems, useSelect } from "../state/context.ts";
import { EmptyState } from "./EmptyState.tsx";
import { Grid } from "./Grid.tsx";
import { MediaShelf } from "./MediaShelf.tsx";
import { PromptDock } from "./PromptDock.tsx";

export function Workspace() {
  const items = useItems();
  const ready = useSelect((state) => state.ready);
  const lane = useSelect((state) => state.lane);
  return (
    <main className="workspace" data-lane={lane !== null}>
      <MediaShelf />
      {lane ? (
        <AnimateSheet lane={lane} />
      ) : (
        <>
          {items.length > 0 ? <Grid items={items} /> : ready ? <EmptyState /> : <div className="workspace__blank" />}
          <PromptDock />
        </>
      )}
    </main>
  );
}
