import "./timeline.css";
import { useEffect, useRef, useState } from "react";
import { useStudio } from "../state/context.ts";
import { attachDrop } from "./drop.ts";
import { ClipMenu } from "./ClipMenu.tsx";
import { Grid } from "./Grid.tsx";
import { Headers } from "./Headers.tsx";
import { Navigator } from "./Navigator.tsx";
import { createMediaPictures } from "./media-pictures.ts";
import { attachPointer } from "./pointer.ts";
import { TimelineView } from "./timeline-view.ts";
import { ToolBar } from "./ToolBar.tsx";

/** The timeline: tools above, tracks' headers at the left, the drawing, and what screen readers and the keyboard work on over it. */
export function TimelinePanel() {
  const studio = useStudio();
  const [view] = useState(() => new TimelineView(studio, createMediaPictures(studio.client, studio.mediaStatus)));
  const base = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const stage = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!base.current || !overlay.current || !stage.current) return undefined;
    const stops = [
      view.attach(base.current, overlay.current),
      attachPointer(view, stage.current),
      attachDrop(view, studio, stage.current),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [view, studio]);

  return (
    <div className="timeline">
      <ToolBar view={view} />
      <div className="timeline__body">
        <Headers view={view} />
        <ClipMenu>
          <div className="timeline__stage" ref={stage}>
            <canvas className="timeline__canvas" ref={base} aria-hidden />
            <canvas className="timeline__canvas" ref={overlay} aria-hidden />
            <Grid view={view} />
          </div>
        </ClipMenu>
      </div>
      <Navigator view={view} />
    </div>
  );
}
