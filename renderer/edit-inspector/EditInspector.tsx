import "./edit-inspector.css";
import { useState } from "react";
import { clipsOf, type Marker, type Timeline, type Transition } from "../../core/timeline/index.ts";
import { useTold } from "../state/context.ts";
import type { Selection } from "../state/edit-ui.ts";
import { findGap } from "../timeline/hit.ts";
import { foundClips } from "../timeline/selection.ts";
import { ClipInspector } from "./ClipInspector.tsx";
import { CutInspector, findCut } from "./CutInspector.tsx";
import { GapInspector } from "./GapInspector.tsx";
import { MarkerInspector } from "./MarkerInspector.tsx";
import { ProjectInspector } from "./ProjectInspector.tsx";
import { TrackInspector } from "./TrackInspector.tsx";
import { TransitionInspector } from "./TransitionInspector.tsx";

/** What is selected, in all its values; the project while nothing is. */
export function EditInspector() {
  const [isUsed, setUsed] = useState(false);
  const shown = useTold((view) => view, isUsed);
  return (
    <div
      className="edit-inspector"
      onFocus={() => setUsed(true)}
      onBlur={(event) => setUsed(event.currentTarget.contains(event.relatedTarget))}
    >
      <Content {...shown} />
    </div>
  );
}

function Content({ document, selection }: { readonly document: Timeline; readonly selection: Selection }) {
  const found = foundClips(document, { selection });
  if (found.length > 0) return <ClipInspector key={found.map(({ item }) => item.clip.id).join(" ")} found={found} />;
  if (selection.type === "transition") {
    const transition = findTransition(document, selection.id);
    if (transition !== null) return <TransitionInspector key={transition.id} transition={transition} />;
  }
  if (selection.type === "cut") {
    const cut = findCut(document, selection.left, selection.right);
    if (cut !== null) return <CutInspector cut={cut} document={document} />;
  }
  if (selection.type === "gap" && isFree(document, selection))
    return <GapInspector gap={selection} document={document} />;
  if (selection.type === "track") {
    const track = document.tracks.find(({ id }) => id === selection.id);
    if (track !== undefined) return <TrackInspector key={track.id} track={track} tracks={document.tracks} />;
  }
  if (selection.type === "marker") {
    const marker = findMarker(document, selection.id);
    if (marker !== null) return <MarkerInspector key={marker.id} marker={marker} />;
  }
  return <ProjectInspector document={document} />;
}

/** Whether it is still free there. */
const isFree = ({ tracks }: Timeline, { track: id, start, duration }: Extract<Selection, { type: "gap" }>): boolean => {
  const track = tracks.find((each) => each.id === id);
  const gap = track === undefined ? null : findGap(track, start);
  return gap !== null && gap.start === start && gap.duration === duration;
};

function findTransition({ tracks }: Timeline, id: string): Transition | null {
  for (const { children } of tracks)
    for (const child of children) if (child.kind === "transition" && child.id === id) return child;
  return null;
}

function findMarker(document: Timeline, id: string): Marker | null {
  const all = [...document.markers, ...[...clipsOf(document)].flatMap(({ markers }) => markers)];
  return all.find((marker) => marker.id === id) ?? null;
}
