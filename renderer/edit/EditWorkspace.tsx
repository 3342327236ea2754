import "./edit.css";
import { useEffect, useState } from "react";
import { History } from "../app/History.tsx";
import { useEditUi, useStudio } from "../state/context.ts";
import type { EditUi } from "../state/edit-ui.ts";
import { Splitter } from "../ui/Splitter.tsx";
import { BinSlot, InspectorSlot, TimelineSlot, ViewerSlot } from "./slots.tsx";

/** Sizes that leave every panel usable at 1200×720. */
const LIMITS = { left: [200, 520], right: [240, 520], timeline: [160, 760] } as const;

function useWindowSize() {
  const [size, setSize] = useState({ width: window.innerWidth, height: window.innerHeight });
  useEffect(() => {
    const onResize = () => setSize({ width: window.innerWidth, height: window.innerHeight });
    window.addEventListener("resize", onResize);
    return () => window.removeEventListener("resize", onResize);
  }, []);
  return size;
}

/** Media, viewer and inspector over the timeline; every border can be moved. */
export function EditWorkspace() {
  const { editUi, project } = useStudio();
  const panels = useEditUi((ui) => ui.panels);
  const { width, height } = useWindowSize();
  useEffect(() => void project.openLast(), [project]);

  const most = {
    left: Math.min(LIMITS.left[1], width - panels.right - 400),
    right: Math.min(LIMITS.right[1], width - panels.left - 400),
    timeline: Math.min(LIMITS.timeline[1], height - 84 - 300),
  };
  const size = (panel: keyof EditUi["panels"]) =>
    Math.max(LIMITS[panel][0], Math.min(panels[panel], Math.max(most[panel], LIMITS[panel][0])));
  const splitter = (panel: keyof EditUi["panels"]) => ({
    value: size(panel),
    min: LIMITS[panel][0],
    max: Math.max(most[panel], LIMITS[panel][0]),
    onChange: (value: number) => editUi.setState({ panels: { ...editUi.getState().panels, [panel]: value } }),
  });

  return (
    <main className="edit" style={{ gridTemplateRows: `minmax(0, 1fr) 1px ${size("timeline")}px` }}>
      <div
        className="edit__top"
        style={{ gridTemplateColumns: `${size("left")}px 1px minmax(0, 1fr) 1px ${size("right")}px` }}
      >
        <section className="slot" aria-label="Media">
          <BinSlot />
        </section>
        <Splitter label="media" orientation="vertical" {...splitter("left")} />
        <section className="slot slot--viewer" aria-label="Viewer">
          <ViewerSlot />
        </section>
        <Splitter label="inspector" orientation="vertical" before {...splitter("right")} />
        <section className="slot" aria-label="Inspector">
          <InspectorSlot />
        </section>
      </div>
      <Splitter label="timeline" orientation="horizontal" before {...splitter("timeline")} />
      <section className="slot slot--timeline" aria-label="Timeline">
        <TimelineSlot />
        <History />
      </section>
    </main>
  );
}
