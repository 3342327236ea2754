import { createStore, type StoreApi } from "zustand/vanilla";
import { diff } from "../../core/history/index.ts";
import type { FramePlan } from "../../core/render-plan/index.ts";
import type { Timeline } from "../../core/timeline/index.ts";
import type { SubjectMaskSource } from "../state/subject-masks.ts";
import type { Transport } from "../state/transport.ts";
import type { Locate } from "./decode/address.ts";
import { FrameSources } from "./decode/frame-sources.ts";
import { MediaFiles } from "./decode/media-files.ts";
import { trustOwnWorkers } from "./decode/trusted-workers.ts";
import { CanvasPainter, loadFonts } from "./play/canvas-painter.ts";
import { Player, type PlayStats } from "./play/player.ts";
import { SoundOutput } from "./sound/sound-output.ts";
import { SoundSources } from "./sound/sound-sources.ts";

/** What a viewer shows besides the picture. */
export interface ViewerStatus {
  /** What is shown right now, with what lies hidden in it; null before the first frame. */
  readonly plan: FramePlan | null;
  /** Pictures that are missing, and why. */
  readonly problems: readonly { readonly clip: string; readonly media: string; readonly sentence: string }[];
  readonly waiting: boolean;
  readonly stats: PlayStats | null;
}

/** What says the same stays the same object: nothing is drawn anew for it. */
const kept = <T>(before: T, now: T): T => (diff(before, now).length === 0 ? before : now);

/**
 * A viewer of a timeline on a canvas, with its sound. The document and where media are may change; each change is shown by `setDocument`
 * or `refresh`.
 */
export class ViewerEngine {
  readonly status: StoreApi<ViewerStatus> = createStore<ViewerStatus>(() => ({
    plan: null,
    problems: [],
    waiting: false,
    stats: null,
  }));
  readonly sound: SoundOutput;
  readonly sources: FrameSources;
  private readonly sounds: SoundSources;
  private readonly player: Player;
  private document: Timeline;

  constructor(
    canvas: HTMLCanvasElement,
    transport: Transport,
    document: Timeline,
    { locate, masks }: { readonly locate: Locate; readonly masks: SubjectMaskSource["find"] },
  ) {
    trustOwnWorkers();
    this.document = document;
    const files = new MediaFiles();
    const painter = new CanvasPainter(canvas, masks);
    this.sources = new FrameSources(document, files, locate);
    this.sounds = new SoundSources(files, locate);
    this.sound = new SoundOutput(document, this.sounds);
    this.player = new Player({
      transport,
      document: () => this.document,
      sources: this.sources,
      sound: this.sound,
      prepare: loadFonts,
      paint: (plan) => painter.paint(plan, this.sources.picture(plan)),
      onShown: (seen, plan) => {
        const before = this.status.getState();
        this.status.setState({
          plan: kept(before.plan, plan),
          problems: kept(before.problems, this.sources.problems(seen)),
        });
      },
      onStats: (stats) => this.status.setState({ stats }),
      onWaiting: (waiting) => this.status.setState({ waiting }),
    });
  }

  setDocument(document: Timeline): void {
    if (document === this.document) return;
    this.document = document;
    this.player.follow();
  }

  /** Paints anew: the canvas has another size, or a media is somewhere else. */
  refresh(): void {
    this.player.refresh();
  }

  dispose(): void {
    this.player.dispose();
    this.sources.dispose();
    this.sounds.dispose();
    void this.sound.dispose();
  }
}
