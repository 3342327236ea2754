import type { Flicks } from "../../../core/time/index.ts";
import { endOfPlaced, laneOf, type Placed, type Transition } from "../../../core/timeline/index.ts";
import type { Selection } from "../../state/edit-ui.ts";
import { type Layout, type Row, RULER_HEIGHT, timeToX, xToTime } from "../geometry.ts";
import { indexAt, transitionRange } from "../hit.ts";
import { paintAutomation } from "./automation.ts";
import { type ClipScene, paintClip } from "./clip.ts";
import { clipFont, setFont } from "./text.ts";

export interface TracksScene extends ClipScene {
  readonly layout: Layout;
  readonly scrollY: number;
  /** Height of the drawing in pixels, the ruler included. */
  readonly height: number;
  readonly selection: Selection;
}

/** All tracks that are in sight. */
export function paintTracks(scene: TracksScene): void {
  const { canvas, view, palette, layout, height } = scene;
  canvas.fillStyle = palette.bg;
  canvas.fillRect(0, RULER_HEIGHT, view.width, height - RULER_HEIGHT);
  within(scene, () => {
    for (const row of layout.rows) paintTrack(scene, row);
    paintGap(scene);
    paintCut(scene);
    if (isEmpty(layout)) paintGhosts(scene);
  });
}

/** Only the tracks that are others than in the layout that was painted last; false where that does not do. */
export function paintChanged(scene: TracksScene, before: Layout): boolean {
  const { layout, selection } = scene;
  const isAlike = ({ track, y, height }: Row, i: number): boolean => {
    const old = before.rows[i];
    return old?.track.id === track.id && old.y === y && old.height === height && old.track.solo === track.solo;
  };
  const isOver = selection.type === "gap" || selection.type === "cut";
  if (isOver || before.rows.length !== layout.rows.length || isEmpty(before) || isEmpty(layout)) return false;
  if (!layout.rows.every(isAlike)) return false;
  const changed = layout.rows.filter(({ track }, i) => track !== before.rows[i]!.track);
  if (changed.length > 0)
    within(scene, () => {
      for (const row of changed) paintTrack(scene, row);
    });
  return true;
}

const isEmpty = ({ rows }: Layout): boolean => rows.every(({ track }) => laneOf(track).placed.length === 0);

/** Paints under the ruler and nowhere else. */
function within({ canvas, view, palette, height }: TracksScene, paint: () => void): void {
  setFont(canvas, clipFont(palette.sans));
  canvas.save();
  canvas.beginPath();
  canvas.rect(0, RULER_HEIGHT, view.width, height - RULER_HEIGHT);
  canvas.clip();
  paint();
  canvas.restore();
}

function paintTrack(scene: TracksScene, row: Row): void {
  const { canvas, view, palette, layout, scrollY, height } = scene;
  const y = RULER_HEIGHT + row.y - scrollY;
  if (y + row.height < RULER_HEIGHT || y > height) return;
  canvas.fillStyle = palette.row;
  canvas.fillRect(0, y, view.width, row.height - 1);
  const isSolo = layout.rows.some(({ track }) => track.solo && track.kind === row.track.kind);
  paintRow(scene, row, y);
  paintAutomation(scene, row, y);
  if (row.track.muted || (isSolo && !row.track.solo)) {
    canvas.globalAlpha = 0.55;
    canvas.fillStyle = palette.bg;
    canvas.fillRect(0, y, view.width, row.height - 1);
    canvas.globalAlpha = 1;
  }
  if (row.track.locked && scene.hatch !== null) {
    canvas.globalAlpha = 0.35;
    canvas.fillStyle = scene.hatch;
    canvas.fillRect(0, y, view.width, row.height - 1);
    canvas.globalAlpha = 1;
  }
}

/** Where clips would lie on an empty timeline. */
function paintGhosts({ canvas, view, palette, layout, scrollY }: TracksScene): void {
  canvas.strokeStyle = palette.line;
  canvas.lineWidth = 1;
  canvas.setLineDash([5, 5]);
  for (const row of layout.rows) {
    const left = timeToX(view, 0);
    canvas.beginPath();
    canvas.roundRect(
      left + 0.5,
      RULER_HEIGHT + row.y - scrollY + 4.5,
      Math.max(10, view.width - left - 24),
      row.height - 10,
      5,
    );
    canvas.stroke();
  }
  canvas.setLineDash([]);
}

function paintRow(scene: TracksScene, row: Row, y: number): void {
  const { view } = scene;
  const { placed } = laneOf(row.track);
  const end = xToTime(view, view.width);
  const first = Math.max(0, indexAt(placed, xToTime(view, 0)));
  const inSight: Placed[] = [];
  for (let i = first; i < placed.length && placed[i]!.start < end; i++) inSight.push(placed[i]!);
  for (const item of inSight) paintClip(scene, item, row.track.kind, y, row.height - 1);
  for (const item of inSight) {
    if (item.head !== null) paintTransition(scene, item.head, item.start, y, row.height - 1);
    if (item.tail !== null) paintTransition(scene, item.tail, endOfPlaced(item), y, row.height - 1);
  }
}

function paintTransition(scene: TracksScene, transition: Transition, cut: Flicks, y: number, height: number): void {
  const { canvas, view, palette, selection } = scene;
  const { start, end } = transitionRange(transition, cut);
  const [from, to] = [timeToX(view, start), timeToX(view, end)];
  if (to - from < 3) return;
  const box = { x: from, y: y + height * 0.3, width: to - from, height: height * 0.7 - 1 };
  const isSelected = selection.type === "transition" && selection.id === transition.id;
  canvas.fillStyle = palette.transition;
  canvas.beginPath();
  canvas.roundRect(box.x, box.y, box.width, box.height, 3);
  canvas.fill();
  canvas.strokeStyle = isSelected ? palette.selection : palette["text-dim"];
  canvas.lineWidth = isSelected ? 2 : 1;
  canvas.stroke();
  canvas.lineWidth = 1;
  canvas.beginPath();
  canvas.moveTo(box.x, box.y + box.height);
  canvas.lineTo(box.x + box.width, box.y);
  canvas.moveTo(box.x, box.y);
  canvas.lineTo(box.x + box.width, box.y + box.height);
  canvas.globalAlpha = 0.5;
  canvas.stroke();
  canvas.globalAlpha = 1;
}

/** The cut that is selected: a bracket on either side of it. */
function paintCut({ canvas, view, palette, layout, scrollY, selection }: TracksScene): void {
  if (selection.type !== "cut") return;
  for (const row of layout.rows) {
    const { placed, index } = laneOf(row.track);
    const at = index.get(selection.right);
    if (at === undefined) continue;
    const x = Math.round(timeToX(view, placed[at]!.start));
    const [top, bottom] = [RULER_HEIGHT + row.y - scrollY + 1, RULER_HEIGHT + row.y - scrollY + row.height - 3];
    canvas.strokeStyle = palette.selection;
    canvas.lineWidth = 2;
    for (const side of [-1, 1]) {
      canvas.beginPath();
      canvas.moveTo(x + 7 * side, top + 1);
      canvas.lineTo(x + 2 * side, top + 1);
      canvas.lineTo(x + 2 * side, bottom);
      canvas.lineTo(x + 7 * side, bottom);
      canvas.stroke();
    }
  }
}

/** The gap that is selected, and what can be done with it. */
function paintGap({ canvas, view, palette, layout, scrollY, selection }: TracksScene): void {
  if (selection.type !== "gap") return;
  const row = layout.rows.find(({ track }) => track.id === selection.track);
  if (row === undefined) return;
  const [from, to] = [timeToX(view, selection.start), timeToX(view, selection.start + selection.duration)];
  const y = RULER_HEIGHT + row.y - scrollY;
  canvas.strokeStyle = palette.selection;
  canvas.lineWidth = 1.5;
  canvas.setLineDash([5, 4]);
  canvas.beginPath();
  canvas.roundRect(from + 2, y + 2, Math.max(2, to - from - 4), row.height - 5, 4);
  canvas.stroke();
  canvas.setLineDash([]);
  if (to - from < 150 || row.track.kind !== "video") return;
  canvas.fillStyle = palette["text-dim"];
  canvas.font = `12px ${palette.sans}`;
  canvas.textAlign = "center";
  canvas.textBaseline = "middle";
  const middle = (Math.max(from, 0) + Math.min(to, view.width)) / 2;
  canvas.fillText("G generates a clip here", middle, y + row.height / 2);
  canvas.textAlign = "left";
}
