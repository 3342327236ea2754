import { diff } from "../../../core/history/index.ts";
import { extentOf, type FramePlan, planFrame, withoutHidden } from "../../../core/render-plan/index.ts";
import { endOf, type Flicks, FLICKS_PER_SECOND, flicksToFrame, frameToFlicks } from "../../../core/time/index.ts";
import { laneOf, type Timeline } from "../../../core/timeline/index.ts";
import type { Transport } from "../../state/transport.ts";
import type { FrameSources } from "../decode/frame-sources.ts";
import type { Loop } from "../sound/course.ts";
import type { SoundOutput } from "../sound/sound-output.ts";

/** What the debug overlay shows. */
export interface PlayStats {
  /** Frames of the timeline that were painted, came too late, or were never painted, since playing began. */
  readonly painted: number;
  readonly late: number;
  readonly dropped: number;
  /** Milliseconds from the moment when a frame was due to when it was painted, the last one. */
  readonly lag: number;
  /** Milliseconds that painting the last frame took. */
  readonly paintMs: number;
}

export interface PlayerParts {
  readonly transport: Transport;
  readonly document: () => Timeline;
  readonly sources: FrameSources;
  readonly sound: Pick<SoundOutput, "start" | "stop" | "now" | "setDocument" | "setLoop">;
  /** Paints a plan; what it shows is decoded, as far as it can be. */
  readonly paint: (plan: FramePlan) => void;
  /** What is on the canvas now: a plan without what is hidden in it, and with that. */
  readonly onShown: (seen: FramePlan, plan: FramePlan) => void;
  /** What else a plan needs before it can be painted (fonts). */
  readonly prepare: (plan: FramePlan) => Promise<void>;
  readonly onStats: (stats: PlayStats) => void;
  /** Something is waited for before it can be shown or played. */
  readonly onWaiting: (waiting: boolean) => void;
}

/** How long playing waits for the first picture; then sound begins without it. Milliseconds. */
const PATIENCE = 1500;
/** A still that takes longer is waited for visibly. */
const VISIBLE_WAIT = 250;
/** A still that takes longer is approached: so often a picture on the way to it is painted, which takes time from decoding. Milliseconds. */
const APPROACH = 100;
/** A still that takes longer is given up for the one that is asked for by then. Milliseconds. */
const STALE = 250;
/** Clips that begin within this time are opened before they are needed. */
const SOON: Flicks = 1.5 * FLICKS_PER_SECOND;
/** So long before a loop begins anew its first frames are decoded. */
const SEAM: Flicks = 1.5 * FLICKS_PER_SECOND;
const fresh: PlayStats = { painted: 0, late: 0, dropped: 0, lag: 0, paintMs: 0 };

/**
 * Shows the frame at the playhead, and plays: the sound's clock moves the playhead, the picture follows it. Of stills the last one that
 * is asked for is always shown; while one is decoded, what is decoded on the way to it is shown, and those that were asked for meanwhile
 * are passed over.
 */
export class Player {
  private readonly parts: PlayerParts;
  private readonly unsubscribe: () => void;
  private active = false;
  private jumps = -1;
  private speed = 0;
  /** Grows whenever playing begins anew or ends: what was begun before is void. */
  private turn = 0;
  private wanted = 0;
  private drawing = false;
  private frame: number | null = null;
  /** What is seen of the still that is on the canvas; null where what is there may be another. */
  private shown: FramePlan | null = null;
  private stats = fresh;
  private lookedAhead = 0;
  private loop: Loop | null = null;
  private disposed = false;

  constructor(parts: PlayerParts) {
    this.parts = parts;
    this.unsubscribe = parts.transport.subscribe(() => this.move());
    this.move();
    if (!this.active) void this.still();
  }

  /** The document has changed. Most edits change nothing in the frame at the playhead: then nothing is painted. */
  follow(): void {
    const { sources, sound, document, transport, onShown } = this.parts;
    sources.setDocument(document());
    sound.setDocument(document());
    this.frame = null;
    if (this.active) return;
    const plan = this.planAt(transport.time);
    const seen = this.seenOf(plan);
    if (this.shown !== null && diff(this.shown, seen).length === 0) onShown(seen, plan);
    else void this.still();
  }

  /** The canvas or what is known of media has changed. */
  refresh(): void {
    this.shown = null;
    this.follow();
  }

  dispose(): void {
    this.disposed = true;
    this.turn++;
    this.unsubscribe();
    this.parts.sound.stop();
  }

  private move(): void {
    const { playing, jumps, speed } = this.parts.transport.state;
    if (playing) {
      if (!this.active || jumps !== this.jumps || speed !== this.speed) void this.begin();
      else this.followLoop();
      return;
    }
    if (this.active) {
      this.active = false;
      this.turn++;
      this.parts.sound.stop();
      this.parts.sources.prepare(null);
      this.parts.onWaiting(false);
    }
    void this.still();
  }

  /** Other marks while it plays. */
  private followLoop(): void {
    const { looped } = this.parts.transport;
    if (looped?.start === this.loop?.start && looped?.end === this.loop?.end) return;
    this.loop = looped;
    this.parts.sound.setLoop(looped);
    this.parts.sources.prepare(null);
  }

  private planAt(time: Flicks): FramePlan {
    const { transport } = this.parts;
    const document = this.parts.document();
    const { rate } = document.settings;
    // Where everything has been played its last frame stays.
    const shown = time > 0 && time === transport.state.duration ? time - 1 : time;
    return planFrame(document, frameToFlicks(flicksToFrame(shown, rate), rate));
  }

  /** What must be decoded and painted of a plan. */
  private seenOf(plan: FramePlan): FramePlan {
    return withoutHidden(plan, (picture) => this.parts.sources.solid(picture));
  }

  private async begin(): Promise<void> {
    const { transport, sources, sound, prepare, onWaiting } = this.parts;
    const { time, speed, jumps } = transport.state;
    const turn = ++this.turn;
    if (!this.active) this.stats = fresh;
    this.active = true;
    this.jumps = jumps;
    this.speed = speed;
    this.frame = null;
    this.shown = null;
    this.loop = transport.looped;
    sound.stop();
    const plan = this.seenOf(this.planAt(time));
    const waiting = setTimeout(() => onWaiting(true), VISIBLE_WAIT);
    await Promise.race([Promise.all([sources.ready(plan, speed > 0 ? 1 : -1), prepare(plan)]), wait(PATIENCE)]);
    if (turn === this.turn) await sound.start(time, speed, this.loop);
    clearTimeout(waiting);
    if (turn !== this.turn) return;
    onWaiting(false);
    const tick = (): void => {
      if (turn !== this.turn) return;
      transport.advance(sound.now());
      if (turn !== this.turn) return;
      this.show(transport.time);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  /** Paints the frame at a time while playing, where it is another than before. */
  private show(time: Flicks): void {
    const { sources, paint, prepare, onShown, onStats, document } = this.parts;
    const { rate } = document().settings;
    const frame = flicksToFrame(time, rate);
    if (frame === this.frame) return;
    const direction = this.speed > 0 ? 1 : -1;
    const passed = this.frame === null ? 0 : this.passedTo(frame, this.frame, direction);
    const skipped = Math.max(0, passed - Math.max(1, Math.ceil(Math.abs(this.speed))));
    this.frame = frame;
    const whole = this.planAt(time);
    const plan = this.seenOf(whole);
    sources.aim(plan, direction);
    this.prepareSeam(time, direction);
    if (performance.now() - this.lookedAhead > 250) this.lookAhead(time, plan, direction);
    void prepare(plan);
    const isReady = sources.isReady(plan);
    const before = performance.now();
    paint(plan);
    onShown(plan, whole);
    const due = frameToFlicks(direction > 0 ? frame : frame + 1, rate);
    this.stats = {
      painted: this.stats.painted + 1,
      late: this.stats.late + (isReady ? 0 : 1),
      dropped: this.stats.dropped + skipped,
      lag: (1000 * Math.abs(time - due)) / FLICKS_PER_SECOND / Math.abs(this.speed),
      paintMs: performance.now() - before,
    };
    onStats(this.stats);
  }

  /** How many frames lie between two that follow each other; where the stretch begins anew its seam is passed. */
  private passedTo(frame: number, before: number, direction: 1 | -1): number {
    const { loop } = this;
    const on = (frame - before) * direction;
    if (on >= 0 || loop === null) return Math.abs(on);
    this.parts.sources.turn();
    const { rate } = this.parts.document().settings;
    return on + Math.max(1, flicksToFrame(loop.end - loop.start, rate));
  }

  /** Shortly before the seam of a loop what comes after it is decoded. */
  private prepareSeam(time: Flicks, direction: 1 | -1): void {
    const { loop } = this;
    if (loop === null) return;
    const left = direction > 0 ? loop.end - time : time - loop.start;
    if (left > SEAM * Math.max(1, Math.abs(this.speed))) return;
    this.parts.sources.prepare(this.seenOf(this.planAt(direction > 0 ? loop.start : loop.end - 1)), direction);
  }

  /** Opens what begins soon, so that a cut does not wait for its file. */
  private lookAhead(time: Flicks, plan: FramePlan, direction: 1 | -1): void {
    this.lookedAhead = performance.now();
    const starts = new Set<Flicks>();
    for (const track of this.parts.document().tracks) {
      if (track.kind !== "video") continue;
      for (const item of laneOf(track).placed) {
        // A transition shows it before its cut.
        const extent = extentOf(track, item);
        const edge = direction > 0 ? extent.start : endOf(extent) - 1;
        if ((edge - time) * direction > 0 && (edge - time) * direction < SOON) starts.add(edge);
      }
    }
    for (const start of starts) this.parts.sources.open(this.seenOf(this.planAt(start)), plan);
  }

  /**
   * Waits for a still. Until it is there each picture that is nearer to it than what is seen is painted. False when, with that, another
   * still is asked for: a hand that goes on is followed, but never without a picture on the way.
   */
  private async approach(plan: FramePlan, ready: Promise<unknown>, asked: number): Promise<boolean> {
    const { sources, paint } = this.parts;
    let isReady = false;
    const whenReady = ready.then(() => {
      isReady = true;
    });
    let nearest = sources.distance(plan);
    const begun = performance.now();
    for (let painted = 0; ; ) {
      await Promise.race([whenReady, wait(APPROACH)]);
      if (isReady) return true;
      if (this.active || this.disposed) return false;
      if (painted > 0 && this.wanted !== asked && performance.now() - begun > STALE) return false;
      const distance = sources.distance(plan);
      if (distance >= nearest) continue;
      paint(plan);
      painted++;
      nearest = distance;
    }
  }

  private async still(): Promise<void> {
    this.wanted++;
    if (this.drawing) return;
    this.drawing = true;
    const { transport, sources, paint, prepare, onShown, onWaiting } = this.parts;
    let done = 0;
    while (done !== this.wanted && !this.active && !this.disposed) {
      done = this.wanted;
      const whole = this.planAt(transport.time);
      const plan = this.seenOf(whole);
      this.shown = null;
      const waiting = setTimeout(() => onWaiting(true), VISIBLE_WAIT);
      const isReady = await this.approach(plan, Promise.all([sources.ready(plan), prepare(plan)]), done);
      clearTimeout(waiting);
      if (this.active || this.disposed) break;
      if (!isReady) continue;
      onWaiting(false);
      paint(plan);
      onShown(plan, whole);
      if (done === this.wanted) this.shown = plan;
    }
    this.drawing = false;
    // Playing may have begun and ended while this one was decoded.
    if (done !== this.wanted && !this.active && !this.disposed) void this.still();
  }
}

const wait = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));
