import type { BackgroundWork } from "../../../core/contract/index.ts";

type What = BackgroundWork["what"];

export interface BackgroundOptions {
  /** The queue is paused. */
  readonly isHeld: () => boolean;
  /** A job of the compute lane is being worked on. */
  readonly isComputing: () => boolean;
  /** What is being made, or how much is left, has changed. */
  readonly onChange: () => void;
}

/**
 * The queue's lanes for what nobody asked for in so many words: showing media (posters, waveforms, thumbnails, proxies) and looking at
 * what is in them. These are no jobs in the journal, on purpose: what there is to do follows from the media and from what the cache
 * holds already, thousands of small things that are found again at every start, and none has a result to wait for, to retry or to reorder.
 * But they take their turns from the queue: a paused queue pauses them, media come before looking, and looking waits for every clip.
 */
export class Background {
  private readonly options: BackgroundOptions;
  private readonly works = new Map<What, BackgroundWork>();
  private waiting: (() => void)[] = [];
  private closed = false;

  constructor(options: BackgroundOptions) {
    this.options = options;
  }

  /** What is being made and is left, media first. */
  get list(): BackgroundWork[] {
    return (["media", "analysis"] as const).flatMap((what) => this.works.get(what) ?? []);
  }

  /** Resolves when this lane may begin its next thing; at once when the studio is closing, so that whoever waits can end. */
  async turn(what: What): Promise<void> {
    while (!this.closed && !this.mayWork(what)) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Something ended or was resumed: perhaps it is somebody's turn now. */
  poke(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** How far a lane is; nothing left: it is not shown. Told only when it differs from what was told before. */
  report(what: What, title: string | null, left: number): void {
    const old = this.works.get(what);
    if (left === 0 ? old === undefined : old?.title === title && old.left === left) return;
    if (left === 0) this.works.delete(what);
    else this.works.set(what, { what, title, left });
    this.options.onChange();
  }

  close(): void {
    this.closed = true;
    this.poke();
  }

  /** Whether this lane may begin its next thing now. */
  mayWork(what: What): boolean {
    if (this.options.isHeld()) return false;
    return what === "media" || !this.options.isComputing();
  }
}
