import { type Flicks, flicksToFrame, formatTimecode } from "../../../core/time/index.ts";
import type { Result, Settings, Timeline } from "../../../core/timeline/index.ts";
import type { EditArguments, EditName } from "../../../core/timeline/index.ts";
import { pixelsToFlicks, xToTime } from "../geometry.ts";
import type { Hint } from "../paint/overlay.ts";
import { type SnapPoint, snapPoints } from "../snap.ts";
import type { TimelineView } from "../timeline-view.ts";

/** The pointer over the drawing, and the modifier keys. */
export interface Pointer {
  readonly x: number;
  readonly y: number;
  readonly shift: boolean;
  readonly alt: boolean;
  /** Ctrl, or ⌘. */
  readonly mod: boolean;
}

/** One drag from press to release. */
export interface Drag {
  readonly cursor: string;
  move(pointer: Pointer): void;
  /** The pointer was released. `moved`: false when it was a click. */
  end(pointer: Pointer, moved: boolean): void;
  /** Esc: as if it had never been. */
  cancel(): void;
}

/** Pixels within which things are drawn to each other. */
const SNAP = 9;
let count = 0;

/** What the drags have in common: one gesture of the history, snapping, and the words beside the pointer. */
export class EditGesture {
  readonly view: TimelineView;
  /** The document as it was before. */
  readonly base: Timeline;
  private readonly id = `drag-${Date.now().toString(36)}-${++count}`;
  private readonly points: readonly SnapPoint[];
  private isPerformed = false;
  private snapped: SnapPoint | null = null;

  /** @param without ids of what is moved, which nothing snaps to */
  constructor(view: TimelineView, without: readonly string[] = []) {
    this.view = view;
    const { project, editUi, transport } = view.studio;
    this.base = project.store.getState().document;
    const { inPoint, outPoint, time } = transport.state;
    const bars = editUi.getState().ruler === "bars";
    this.points = snapPoints({
      document: this.base,
      playhead: time,
      inPoint,
      outPoint,
      without: new Set(without),
      beats: bars ? { from: xToTime(view.view, 0), to: xToTime(view.view, view.view.width) } : null,
    });
  }

  /** Points to snap to now: none where snapping is off. Held with the command key it is the other way round. */
  snapTo(pointer: Pointer): readonly SnapPoint[] {
    return this.view.studio.editUi.getState().snapping !== pointer.mod ? this.points : [];
  }

  get within(): Flicks {
    return pixelsToFlicks(this.view.view, SNAP);
  }

  /** Makes the edit instead of the one that this gesture made before. */
  perform<N extends EditName>(name: N, args: EditArguments<N>): Result<Timeline> {
    const result = this.view.studio.project.perform(name, args, { gesture: this.id, fromStart: true, quiet: true });
    if (result.ok) this.isPerformed = true;
    return result;
  }

  /** Makes several edits that each say all that they set: once more is the same, so the gesture need not begin anew for them. */
  performAll<N extends EditName>(edits: readonly (readonly [name: N, args: EditArguments<N>])[]): void {
    for (const [name, args] of edits)
      if (this.view.studio.project.perform(name, args, { gesture: this.id, quiet: true }).ok) this.isPerformed = true;
  }

  /** Back to how it was, with the gesture going on. */
  revert(): void {
    if (this.isPerformed) this.view.studio.project.endGesture(this.id, "cancel");
    this.isPerformed = false;
  }

  show(hint: Hint): void {
    this.snapped = hint.snap ?? null;
    this.view.hint = hint;
  }

  /** @param said what was done, a sentence; what it came to rest at is added */
  end(keep: boolean, said?: string): void {
    this.view.hint = null;
    if (this.isPerformed) this.view.studio.project.endGesture(this.id, keep ? "keep" : "cancel");
    if (!keep || said === undefined) return;
    const announcement = this.snapped === null ? said : `${said.replace(/\.$/, "")}, snapped to ${this.snapped.label}.`;
    this.view.studio.store.setState({ announcement });
  }
}

/** "+00:00:01:12": a distance in time. */
export const signed = (by: Flicks, settings: Settings): string =>
  `${by < 0 ? "−" : "+"}${formatTimecode(Math.abs(by), settings)}`;

/** "3 frames later": a distance as it is spoken. */
export function spoken(by: Flicks, { rate }: Settings): string {
  const frames = Math.round(flicksToFrame(Math.abs(by), rate));
  return `${frames} ${frames === 1 ? "frame" : "frames"} ${by < 0 ? "earlier" : "later"}`;
}

export const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));
