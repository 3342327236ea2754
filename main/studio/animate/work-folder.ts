import { access, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { deviceIdSchema, StudioError } from "../../../core/contract/index.ts";
import type { PictureFile, SoundFile } from "../../inference/index.ts";
import { type DecodedPicture, type DecodedSound, planarBytes, wavBytes } from "../../media/index.ts";
import { replaceFile } from "../files.ts";
import { type SavedState, savedState } from "../jobs/saved-state.ts";

const inputsSchema = z.object({
  picture: z.object({ name: z.string(), version: z.string(), width: z.number(), height: z.number() }),
  sound: z.object({
    name: z.string(),
    version: z.string(),
    sampleRate: z.number(),
    channels: z.number(),
    /** A channel, in the work file. */
    samples: z.number(),
    isSilent: z.boolean(),
  }),
});
/** What a job works from: copies, so that nothing that happens to the user's files meanwhile can tear it in two. */
export type Inputs = z.infer<typeof inputsSchema>;

const ledgerSchema = z.object({
  /** Wall seconds of each phase, summed over segments. */
  seconds: z.record(z.string(), z.number()),
  /** Which programs did the work, as the last task told. */
  /** Whether any of it went on from a saved state: then the seconds do not tell what a clip takes. */
  resumed: z.boolean().default(false),
  outcome: z.object({ onnxruntime: z.string(), executionProvider: deviceIdSchema, threads: z.number() }).nullable(),
});
export type Ledger = z.infer<typeof ledgerSchema>;

/**
 * What one animation keeps on disk while it is made, so that it can wait for days, be paused, and go on after the power went:
 * decoded inputs, finished keyframes and frames, and the sampler's state. Pictures are RGB8, one after another.
 */
export class WorkFolder {
  readonly path: string;

  constructor(root: string, jobId: string) {
    this.path = join(root, jobId);
  }

  /** WAV of the clip's stretch of sound, exactly as long as the clip. */
  get wav(): string {
    return join(this.path, "sound.wav");
  }

  /** The inputs, or null where they were not written yet. */
  async inputs(): Promise<Inputs | null> {
    try {
      return inputsSchema.parse(JSON.parse(await readFile(join(this.path, "inputs.json"), "utf8")));
    } catch {
      return null;
    }
  }

  async putInputs(inputs: Inputs, picture: DecodedPicture, sound: DecodedSound): Promise<void> {
    await mkdir(this.path, { recursive: true });
    await replaceFile(join(this.path, "picture.rgb"), picture.rgb);
    await replaceFile(join(this.path, "sound.f32"), planarBytes(sound));
    await replaceFile(this.wav, wavBytes(sound));
    // Last: where it stands, the others are whole.
    await replaceFile(join(this.path, "inputs.json"), `${JSON.stringify(inputs, null, 2)}\n`);
  }

  /** What the engine's finished tasks took and said, kept over interruptions. */
  async ledger(): Promise<Ledger> {
    try {
      return ledgerSchema.parse(JSON.parse(await readFile(join(this.path, "ledger.json"), "utf8")));
    } catch {
      return { seconds: {}, resumed: false, outcome: null };
    }
  }

  async putLedger(ledger: Ledger): Promise<void> {
    await replaceFile(join(this.path, "ledger.json"), `${JSON.stringify(ledger)}\n`);
  }

  picture({ picture }: Inputs): PictureFile {
    return { file: join(this.path, "picture.rgb"), width: picture.width, height: picture.height };
  }

  /** A stretch of the sound, in seconds from the clip's beginning. */
  sound({ sound }: Inputs, from: number, seconds: number): SoundFile {
    const { sampleRate, channels, samples } = sound;
    return {
      file: join(this.path, "sound.f32"),
      sampleRate,
      channels,
      samples,
      from: Math.min(samples, Math.round(from * sampleRate)),
      length: Math.round(seconds * sampleRate),
    };
  }

  keyframesFile(segment: number): string {
    return join(this.path, `keyframes-${segment}.rgb`);
  }

  motionFile(segment: number): string {
    return join(this.path, `motion-${segment}.rgb`);
  }

  async hasMotion(segment: number): Promise<boolean> {
    return access(this.motionFile(segment)).then(
      () => true,
      () => false,
    );
  }

  /** Frames in the making are another file until they are all there. */
  motionPart(segment: number): string {
    return join(this.path, `motion-${segment}.part`);
  }

  /** The picture of place `place` in a file of pictures of this many bytes each. Errors: NOT_FOUND. */
  async read(file: string, place: number, bytes: number): Promise<Uint8Array> {
    const handle = await open(file, "r").catch(() => null);
    if (handle === null) throw gone();
    try {
      const rgb = new Uint8Array(bytes);
      const { bytesRead } = await handle.read(rgb, 0, bytes, place * bytes);
      if (bytesRead < bytes) throw gone();
      return rgb;
    } finally {
      await handle.close();
    }
  }

  /** Opens a file of pictures for writing in any order; what stands in it stays. */
  async writer(file: string): Promise<PictureWriter> {
    await mkdir(this.path, { recursive: true });
    const handle = await open(file, "r+").catch(() => open(file, "w+"));
    return {
      put: async (place, rgb) => {
        await handle.write(rgb, 0, rgb.length, place * rgb.length);
      },
      close: async () => {
        await handle.sync();
        await handle.close();
      },
      [Symbol.asyncDispose]: () => handle.close().catch(() => {}),
    };
  }

  async finishMotion(segment: number): Promise<void> {
    await rename(this.motionPart(segment), this.motionFile(segment));
  }

  /** A picture in a file of its own, for the engine. */
  async putSeed(segment: number, rgb: Uint8Array): Promise<string> {
    const file = join(this.path, `seed-${segment}.rgb`);
    await replaceFile(file, rgb);
    return file;
  }

  /** The sampler's state of one task. */
  state(task: unknown): SavedState {
    return savedState(this.path, task);
  }

  /** Hands everything to another job. */
  async moveTo(other: WorkFolder): Promise<void> {
    await rename(this.path, other.path);
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

export interface PictureWriter extends AsyncDisposable {
  put(place: number, rgb: Uint8Array): Promise<void>;
  /** Forces what was written to the disk. */
  close(): Promise<void>;
}

const gone = (): StudioError => new StudioError("NOT_FOUND", "This picture is gone: look at the clip itself.");
