import "./timeline.css";
import { useEffect, useRef, useState } from "react";
import { laneOf } from "../../core/timeline/index.ts";
import { useCommands } from "../commands/use-commands.ts";
import { useProject, useStudio } from "../state/context.ts";
import { attachDrop } from "./drop.ts";
import { attachTransitionDrop } from "./drop-transition.ts";
import { ClipMenu } from "./ClipMenu.tsx";
import { Grid } from "./Grid.tsx";
import { Headers } from "./Headers.tsx";
import { MotionRow } from "./MotionRow.tsx";
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
  const playhead = useRef<HTMLDivElement>(null);
  const stage = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!base.current || !overlay.current || !playhead.current || !stage.current) return undefined;
    const stops = [
      view.attach(base.current, overlay.current, playhead.current),
      attachPointer(view, stage.current),
      attachDrop(view, studio, stage.current),
      attachTransitionDrop(view, studio, stage.current),
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
            <div className="timeline__playhead" ref={playhead} aria-hidden />
            <Grid view={view} />
            <MotionRow view={view} />
            <EmptyTimeline />
          </div>
        </ClipMenu>
      </div>
      <Navigator view={view} />
    </div>
  );
}

/** One sentence and one key, until there is a clip. */
function EmptyTimeline() {
  const commands = useCommands();
  const isEmpty = useProject(({ document }) => document.tracks.every((track) => laneOf(track).placed.length === 0));
  if (!isEmpty) return null;
  return (
    <div className="timeline__empty">
      <p>
        Drop a clip, or press <kbd className="key">{commands.keys("generate.here")}</kbd> to generate one here
      </p>
    </div>
  );
}
