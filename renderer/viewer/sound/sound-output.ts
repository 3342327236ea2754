import { Mixer, type MixSource, type Stereo } from "../../../core/mix/index.ts";
import type { Flicks } from "../../../core/time/index.ts";
import type { Timeline } from "../../../core/timeline/index.ts";
import { Course, type Loop } from "./course.ts";
import { StereoTap } from "./stereo-tap.ts";

/** Samples of one block, at the speed of the clock. */
const BLOCK = 2400;
/** How far ahead sound is handed over, seconds: at first little, so that the first pictures have the machine; then what a busy one needs. */
const [AHEAD_FIRST, AHEAD] = [0.45, 1.5];
/** Blocks that are ready before playing begins. */
const FIRST_BLOCKS = 3;
/** From the moment when they are ready, seconds. */
const LEAD = 0.04;
/** How long playing waits where blocks come too late, so that not each one after that does too. Seconds. */
const CATCH_UP = 0.15;
/** Longest wait for the system to let sound out, milliseconds; playing goes on without it. */
const RESUME_MS = 600;

interface Scheduled {
  readonly node: AudioBufferSourceNode;
  readonly when: number;
  readonly end: number;
}

interface Run {
  readonly course: Course;
  /** When playing began, in seconds of the clock. */
  readonly began: number;
  /** When its first sample is heard, or would be heard had nothing been waited for. */
  at: number;
  /** Nothing more is heard from a sample on, until the clock shows this: the sound was not there in time. */
  pause: { readonly sample: number; readonly until: number; readonly length: number };
  /** Where the next block begins, in samples of the clock since `at`. */
  next: number;
  /** Grows when blocks become void. */
  version: number;
  scheduled: Scheduled[];
}

/**
 * Plays the mix of a timeline and tells what is heard right now: its clock is that of the sound device, so the picture follows the sound.
 * Where there is no sound device, the system's clock takes its place.
 */
export class SoundOutput {
  /** Called for each block that is handed to the device. @param when in seconds of the clock @param from of the timeline */
  onBlock: ((when: number, from: Flicks, sound: Stereo) => void) | null = null;
  private readonly source: MixSource;
  private context: AudioContext | null = null;
  private tap: StereoTap | null = null;
  private document: Timeline;
  private mixer: Mixer;
  private run: Run | null = null;
  /** Grows with each start and stop: what was begun before is void. */
  private turn = 0;
  private waits = 0;

  constructor(document: Timeline, source: MixSource) {
    this.source = source;
    this.document = document;
    this.mixer = new Mixer(document, document.settings.sampleRate, source);
  }

  /** What is played from now on; blocks that are not heard yet are mixed anew. */
  setDocument(document: Timeline): void {
    this.document = document;
    this.mixer = new Mixer(document, document.settings.sampleRate, this.source);
    if (this.run !== null) this.takeBack(this.run);
  }

  /** What is played again and again from now on. */
  setLoop(loop: Loop | null): void {
    const { run } = this;
    if (run === null) return;
    this.takeBack(run);
    run.course.setLoop(run.next, loop);
  }

  /** Blocks that were handed over and will not be heard soon are mixed anew. */
  private takeBack(run: Run): void {
    run.version++;
    if (this.context?.state !== "running") return;
    const keepUntil = this.context.currentTime + 0.08;
    const kept = run.scheduled.filter(({ when }) => when < keepUntil);
    for (const { node, when } of run.scheduled) if (when >= keepUntil) node.stop();
    const last = kept.at(-1);
    if (last !== undefined) run.next = Math.round((last.end - run.at) * this.sampleRate);
    run.scheduled = kept;
  }

  /** Resolves when it is heard, or when it was stopped meanwhile. @param speed timeline seconds a second, negative backwards */
  async start(from: Flicks, speed: number, loop: Loop | null = null): Promise<void> {
    this.stop();
    const turn = ++this.turn;
    await this.open();
    const course = new Course(from, speed, this.sampleRate, loop);
    const blocks: Stereo[] = [];
    for (let i = 0; i < FIRST_BLOCKS && turn === this.turn; i++)
      blocks.push(await course.mix(this.mixer, i * BLOCK, BLOCK));
    if (turn !== this.turn) return;
    const began = this.clock() + LEAD;
    const pause = { sample: 0, until: began, length: 0 };
    const run: Run = { course, began, at: began, pause, next: 0, version: 0, scheduled: [] };
    this.run = run;
    this.waits = 0;
    for (const block of blocks) this.hand(run, block);
    void this.pump(run, turn);
  }

  stop(): void {
    this.turn++;
    for (const { node } of this.run?.scheduled ?? []) node.stop();
    this.run = null;
  }

  get playing(): boolean {
    return this.run !== null;
  }

  /** Time of the timeline that is heard right now. */
  now(): Flicks {
    const { run } = this;
    if (run === null) return 0;
    const heard = this.heard();
    // While it is waited for, what was heard last stays.
    const before = (heard - run.at + run.pause.length) * this.sampleRate;
    const sample = heard < run.pause.until ? Math.min(run.pause.sample, before) : (heard - run.at) * this.sampleRate;
    const time = Math.round(run.course.at(Math.max(0, sample)));
    // Backwards a stretch begins with its last frame.
    return run.course.speed > 0 ? time : Math.max(0, time - 1);
  }

  /** Loudness of both channels; null while nothing was played yet. */
  get levels(): StereoTap | null {
    return this.tap;
  }

  /** Seconds of sound that are handed over and not heard yet. */
  get ahead(): number {
    const last = this.run?.scheduled.at(-1);
    return last === undefined ? 0 : Math.max(0, last.end - this.clock());
  }

  /** Seconds that playing has waited for sound since it began. */
  get waited(): number {
    return this.waits;
  }

  async dispose(): Promise<void> {
    this.stop();
    await this.context?.close().catch(() => undefined);
    this.context = null;
  }

  private get sampleRate(): number {
    return this.document.settings.sampleRate;
  }

  /** Of what is computed now; `heard` lies behind it. */
  private clock(): number {
    return this.context?.state === "running" ? this.context.currentTime : performance.now() / 1000;
  }

  private heard(): number {
    const { context } = this;
    if (context?.state !== "running") return performance.now() / 1000;
    const { contextTime, performanceTime } = context.getOutputTimestamp();
    const age = (performance.now() - (performanceTime ?? 0)) / 1000;
    const told = (contextTime ?? 0) + age;
    // A device that tells nonsense is told apart: what is heard lies a little behind what is computed.
    const behind = context.currentTime - told;
    return performanceTime !== undefined && performanceTime > 0 && behind > -0.05 && behind < 0.5
      ? told
      : context.currentTime - (context.outputLatency || context.baseLatency);
  }

  private async open(): Promise<void> {
    if (this.context !== null && this.context.sampleRate !== this.sampleRate) await this.dispose();
    try {
      this.context ??= new AudioContext({ sampleRate: this.sampleRate, latencyHint: "interactive" });
    } catch {
      return; // No device, or none for this rate: the system's clock goes on.
    }
    const { context } = this;
    if (this.tap?.context !== context) this.tap = new StereoTap(context);
    if (context.state !== "running")
      await Promise.race([context.resume().catch(() => undefined), new Promise((done) => setTimeout(done, RESUME_MS))]);
  }

  private hand(run: Run, sound: Stereo): void {
    const { context, tap } = this;
    const when = run.at + run.next / this.sampleRate;
    const end = when + BLOCK / this.sampleRate;
    this.onBlock?.(when, Math.round(run.course.at(run.next)), sound);
    run.next += BLOCK;
    if (context?.state !== "running" || tap === null) return;
    const buffer = context.createBuffer(2, sound[0].length, this.sampleRate);
    for (const channel of [0, 1] as const) buffer.copyToChannel(sound[channel] as Float32Array<ArrayBuffer>, channel);
    const node = context.createBufferSource();
    node.buffer = buffer;
    node.playbackRate.value = sound[0].length / BLOCK;
    node.connect(tap.input);
    node.start(when);
    run.scheduled.push({ node, when, end });
  }

  /** No sound is passed over: where the next block should have been heard already, playing goes on with it a moment later. */
  private waitFor(run: Run): void {
    const now = this.clock();
    const due = run.at + run.next / this.sampleRate;
    if (due >= now) return;
    const until = now + CATCH_UP;
    run.pause = { sample: run.next, until, length: until - due };
    run.at += until - due;
    this.waits += until - due;
  }

  private async pump(run: Run, turn: number): Promise<void> {
    while (turn === this.turn) {
      const now = this.clock();
      run.scheduled = run.scheduled.filter(({ end }) => end > now);
      const due = run.at + run.next / this.sampleRate;
      if (due > now + Math.min(AHEAD, AHEAD_FIRST + now - run.began)) {
        await new Promise((done) => setTimeout(done, 30));
        continue;
      }
      const { next, version } = run;
      const sound = await run.course.mix(this.mixer, next, BLOCK);
      if (turn !== this.turn || next !== run.next || version !== run.version) continue;
      this.waitFor(run);
      this.hand(run, sound);
    }
  }
}
