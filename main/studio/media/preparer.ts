import { StudioError } from "../../../core/contract/index.ts";
import {
  makeFilmProxy,
  makePeaks,
  makePoster,
  makeSoundProxy,
  makeStillProxy,
  makeStrip,
  type MediaTools,
  type PictureSource,
  type SoundSource,
} from "../../media/index.ts";
import { type PreparedCache, type Step, steps } from "./cache.ts";
import { playsAsItIs } from "./playable.ts";
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
  readonly background: BackgroundLane;
  readonly log: (line: string) => void;
}

/** This work's lane of the queue. */
export interface BackgroundLane {
  /** Resolves when the next thing may be begun. */
  turn(): Promise<void>;
  /** How much is left, and of what media something is being made. */
  report(title: string | null, left: number): void;
}

/** Progress is told this often, ms. */
const TELL_EVERY = 250;

/** Which things media needs. */
export function stepsFor({ media, technical }: MediaSource): Step[] {
  const needed = new Set<Step>();
  if (media.kind !== "sound") needed.add("poster");
  if (media.kind === "video") needed.add("strip");
  if (media.kind === "sound" || (media.kind === "video" && media.audio !== null)) needed.add("peaks");
  if (!playsAsItIs(media, technical)) needed.add("proxy");
  return steps.filter((step) => needed.has(step));
}

/**
 * Makes posters, waveforms, thumbnail strips and proxies in the background, one at a time and with what the computer has left over: the
 * posters of all first, proxies last. What is there already (by version) is not made again.
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
    this.pumping ??= this.pump().finally(() => {
      this.pumping = null;
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
    for (;;) {
      this.tellLane(null);
      if (this.waiting.length === 0) return;
      await this.options.background.turn();
      const task = this.waiting.shift();
      if (task === undefined) continue; // stopped while it waited for its turn
      this.tellLane(task);
      const running = { task, abort: new AbortController(), fraction: 0 };
      this.running = running;
      this.options.onChange(task.key);
      try {
        await this.make(task, running.abort.signal);
      } catch (cause) {
        const error = StudioError.from(cause);
        const isStopped = error.code === "CANCELLED" || running.abort.signal.aborted;
        if (!this.closed) this.note(task.key, task.step, isStopped ? STOPPED : sentence(task, error));
        if (!isStopped) this.options.log(`${task.step} of ${task.source.id}: ${error.message} ${error.detail ?? ""}`);
      }
      this.running = null;
      if (!this.closed) this.options.onChange(task.key);
    }
  }

  private tellLane(task: Task | null): void {
    this.options.background.report(
      task?.source.media.name ?? null,
      this.closed ? 0 : this.waiting.length + (task === null ? 0 : 1),
    );
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
    if (step === "peaks")
      return cache.make(key, step, "bin", async (path) => {
        await makePeaks(tools, soundSource(source), path, onProgress, signal);
        return {};
      });
    return cache.make(key, step, proxyExtension(source), async (path) => {
      if (media.kind === "picture") await makeStillProxy(tools, pictureSource(source), path, signal);
      else if (media.kind === "sound") await makeSoundProxy(tools, soundSource(source), path, onProgress, signal);
      else {
        const film = { ...pictureSource(source), rate: media.rate, audio: media.audio !== null };
        await makeFilmProxy(tools, film, path, onProgress, signal);
      }
      return {};
    });
  }
}

const STOPPED = "Preparing this was stopped: press Prepare to go on.";
const THINGS: Readonly<Record<Step, string>> = {
  poster: "its picture",
  peaks: "its waveform",
  strip: "its thumbnails",
  proxy: "a version that plays smoothly",
};

function sentence({ step, source }: Task, error: StudioError): string {
  if (error.code === "DISK_FULL" || error.code === "FFMPEG_MISSING" || error.code === "OUTPUT_UNWRITABLE")
    return error.code === "OUTPUT_UNWRITABLE"
      ? `${capital(THINGS[step])} could not be saved: the studio's data folder cannot be written to.`
      : error.message;
  return `${capital(THINGS[step])} could not be made of “${source.media.name}”: the file may be damaged.`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function proxyExtension({ media }: MediaSource): string {
  if (media.kind === "picture") return media.alpha ? "png" : "jpg";
  if (media.kind === "sound") return "m4a";
  return media.video.alpha ? "webm" : "mp4";
}

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

function soundSource({ media, input }: MediaSource): SoundSource {
  const sound = media.kind === "video" ? media.audio : media.kind === "sound" ? media : null;
  if (sound === null) throw new StudioError("INTERNAL", "This media has no sound.");
  return { input, sampleRate: sound.sampleRate, channels: sound.channels, seconds: sound.seconds };
}
