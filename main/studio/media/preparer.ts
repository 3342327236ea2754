import { StudioError } from "../../../core/contract/index.ts";
import {
  makePeaks,
  makePoster,
  makeStrip,
  type MediaTools,
  type PictureSource,
  type SoundSource,
} from "../../media/index.ts";
import { type PreparedCache, type Step, steps } from "./cache.ts";
import type { MediaSource } from "./sources.ts";

/** How far one thing has come. */
export interface Work {
  readonly step: Step;
  readonly state: "waiting" | "running";
  readonly fraction: number;
}

interface Task {
  readonly key: string;
  readonly step: Step;
  readonly source: MediaSource;
}

export interface PreparerOptions {
  readonly cache: PreparedCache;
  readonly tools: () => Promise<MediaTools>;
  /** Something changed for media of this version. */
  readonly onChange: (key: string) => void;
  /** Nothing is left to make. */
  readonly onIdle: () => void;
  readonly log: (line: string) => void;
}

/** Progress is told this often, ms. */
const TELL_EVERY = 250;

/** Which things media needs to be shown. */
export function stepsFor({ media }: MediaSource): Step[] {
  const needed = new Set<Step>();
  if (media.kind !== "sound") needed.add("poster");
  if (media.kind === "video") needed.add("strip");
  if (media.kind === "sound" || (media.kind === "video" && media.audio !== null)) needed.add("peaks");
  return steps.filter((step) => needed.has(step));
}

/**
 * Makes posters, waveforms and thumbnail strips in the background, one at a time and with what the computer has left over, the posters of
 * all first. What is there already (by version) is not made again. These are no jobs of the queue, on purpose: they are how media look in
 * the bin and on the timeline, made in seconds and found missing at every start; nobody orders them, and a paused queue must not leave a
 * film without a picture. What takes long, a proxy, is a job (`ProxyRunner`).
 */
export class Preparer {
  private readonly options: PreparerOptions;
  private waiting: Task[] = [];
  private running: { readonly task: Task; readonly abort: AbortController; fraction: number } | null = null;
  private readonly problems = new Map<string, Map<Step, string>>();
  private pumping: Promise<void> | null = null;
  private closed = false;

  constructor(options: PreparerOptions) {
    this.options = options;
  }

  /** Puts in line what is not there yet. What failed or was stopped stays so, unless `again`. */
  async want(sources: readonly MediaSource[], again = false): Promise<void> {
    for (const source of sources) {
      const key = source.media.version;
      if (again) this.problems.delete(key);
      const { files } = await this.options.cache.made(key);
      for (const step of stepsFor(source)) {
        const isKnown =
          files[step] !== undefined || this.problems.get(key)?.has(step) === true || this.isPlanned(key, step);
        if (!isKnown && !this.closed) this.waiting.push({ key, step, source });
      }
    }
    // Sorting is stable: within a step, first come, first served.
    this.waiting.sort((a, b) => steps.indexOf(a.step) - steps.indexOf(b.step));
    if (this.waiting.length === 0) return;
    this.pumping ??= this.pump().finally(() => {
      this.pumping = null;
      this.options.onIdle();
    });
  }

  /** Takes these out of line and stops the one that is being made. */
  cancel(keys: readonly string[]): void {
    const all = new Set(keys);
    const stopped = this.waiting.filter(({ key }) => all.has(key));
    this.waiting = this.waiting.filter(({ key }) => !all.has(key));
    for (const { key, step } of stopped) this.note(key, step, STOPPED);
    if (this.running !== null && all.has(this.running.task.key)) this.running.abort.abort();
    for (const key of new Set(stopped.map(({ key: each }) => each))) this.options.onChange(key);
  }

  /** What is being made of it or waits to be; null: nothing. */
  work(key: string): Work | null {
    const { running } = this;
    if (running?.task.key === key) return { step: running.task.step, state: "running", fraction: running.fraction };
    const next = this.waiting.find((task) => task.key === key);
    return next === undefined ? null : { step: next.step, state: "waiting", fraction: 0 };
  }

  /** The first thing that could not be made. */
  problem(key: string): string | null {
    return this.problems.get(key)?.values().next().value ?? null;
  }

  /** Nothing is being made, and nothing waits to be. */
  get isIdle(): boolean {
    return this.pumping === null;
  }

  /** Resolves when nothing is in line. */
  async idle(): Promise<void> {
    while (this.pumping !== null) await this.pumping;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.waiting = [];
    this.running?.abort.abort();
    await this.idle();
  }

  private isPlanned(key: string, step: Step): boolean {
    const isIt = (task: Task): boolean => task.key === key && task.step === step;
    return this.waiting.some(isIt) || (this.running !== null && isIt(this.running.task));
  }

  private note(key: string, step: Step, sentence: string): void {
    const known = this.problems.get(key) ?? new Map<Step, string>();
    this.problems.set(key, known.set(step, sentence));
  }

  private async pump(): Promise<void> {
    for (let task = this.waiting.shift(); task !== undefined; task = this.waiting.shift()) {
      const running = { task, abort: new AbortController(), fraction: 0 };
      this.running = running;
      this.options.onChange(task.key);
      try {
        await this.make(task, running.abort.signal);
      } catch (cause) {
        const error = StudioError.from(cause);
        const isStopped = error.code === "CANCELLED" || running.abort.signal.aborted;
        if (!this.closed)
          this.note(task.key, task.step, isStopped ? STOPPED : whyNot(task.step, task.source, error).message);
        if (!isStopped) this.options.log(`${task.step} of ${task.source.id}: ${error.message} ${error.detail ?? ""}`);
      }
      this.running = null;
      if (!this.closed) this.options.onChange(task.key);
    }
  }

  private async make({ key, step, source }: Task, signal: AbortSignal): Promise<void> {
    const tools = await this.options.tools();
    let told = 0;
    const onProgress = (fraction: number): void => {
      if (this.running === null || fraction <= this.running.fraction) return;
      this.running.fraction = fraction;
      if (performance.now() - told < TELL_EVERY) return;
      told = performance.now();
      this.options.onChange(key);
    };
    const { media } = source;
    const isClear = media.kind === "picture" ? media.alpha : media.kind === "video" && media.video.alpha;
    const { cache } = this.options;
    if (step === "poster")
      return cache.make(key, step, isClear ? "png" : "jpg", async (path) => {
        await makePoster(tools, pictureSource(source), path, signal);
        return {};
      });
    if (step === "strip")
      return cache.make(key, step, "jpg", async (path) => ({
        strip: await makeStrip(tools, pictureSource(source), path, onProgress, signal),
      }));
    return cache.make(key, step, "bin", async (path) => {
      await makePeaks(tools, soundSource(source), path, onProgress, signal);
      return {};
    });
  }
}

export const STOPPED = "Preparing this was stopped: press Prepare to go on.";
const THINGS: Readonly<Record<Step, string>> = {
  poster: "its picture",
  peaks: "its waveform",
  strip: "its thumbnails",
  proxy: "a version that plays smoothly",
};

/** Why something could not be made, for its user. */
export function whyNot(step: Step, source: MediaSource, error: StudioError): StudioError {
  if (error.code === "DISK_FULL" || error.code === "FFMPEG_MISSING") return error;
  const thing = capital(THINGS[step]);
  const sentence =
    error.code === "OUTPUT_UNWRITABLE"
      ? `${thing} could not be saved: the studio's data folder cannot be written to.`
      : `${thing} could not be made of “${source.media.name}”: the file may be damaged.`;
  return new StudioError(error.code, sentence, error.detail ?? error.message);
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** How ffmpeg reads its pictures. Errors: INTERNAL for a sound. */
export function pictureSource({ media, technical, input }: MediaSource): PictureSource {
  if (media.kind === "sound") throw new StudioError("INTERNAL", "A sound has no pictures.");
  const { width, height } = media;
  const film = media.kind === "video" ? media : null;
  const alpha = media.kind === "video" ? media.video.alpha : media.alpha;
  return {
    input,
    width,
    height,
    alpha,
    hdr: technical.hdr,
    matrix: technical.matrix,
    isInterlaced: film?.video.isInterlaced ?? false,
    seconds: film?.seconds ?? 0,
    framesPerSecond: film === null ? 0 : film.rate.numerator / film.rate.denominator,
    decoder: alpha && /^vp[89]$/.test(technical.codec) ? `libvpx${technical.codec === "vp9" ? "-vp9" : ""}` : null,
  };
}

/** How ffmpeg reads its sound. Errors: INTERNAL for what has none. */
export function soundSource({ media, input }: MediaSource): SoundSource {
  const sound = media.kind === "video" ? media.audio : media.kind === "sound" ? media : null;
  if (sound === null) throw new StudioError("INTERNAL", "This media has no sound.");
  return { input, sampleRate: sound.sampleRate, channels: sound.channels, seconds: sound.seconds };
}
