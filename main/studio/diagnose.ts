import { statfs } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { StudioError } from "../../core/contract/index.ts";
import { type EngineHost, engineThreads, freeMemory, totalMemory } from "../inference/index.ts";
import { chooseEncoder, type MediaTools } from "../media/index.ts";
import type { Folders } from "./folders.ts";
import type { ModelService } from "./models/model-service.ts";
import type { Finding } from "./studio.ts";

const GB = 1e9;
/** The bundled model needs well under this; the official ones about 4 GB. */
const LITTLE_MEMORY = 2 * GB;
const LITTLE_DISK = 1 * GB;
/** The most important first: H.264 is what clips are kept in. */
const CODECS = ["h264", "hevc", "av1", "vp9"] as const;

export interface DiagnoseParts {
  readonly folders: Folders;
  readonly engine: EngineHost;
  readonly models: ModelService;
  readonly tools: () => Promise<MediaTools>;
}

/** Looks at everything that a clip needs; each finding is one sentence. Never rejects. */
export async function diagnose(parts: DiagnoseParts): Promise<Finding[]> {
  return Promise.all([
    finding("node", async () => good(`Node ${process.versions.node} runs the studio.`)),
    finding("ffmpeg", async () => {
      const { version, ffmpeg } = await parts.tools();
      return good(`ffmpeg ${version} writes the videos (${ffmpeg}).`);
    }),
    finding("encoders", async () => {
      const tools = await parts.tools();
      const found = await Promise.all(
        CODECS.map((codec) => chooseEncoder(tools, { codec, encoder: "auto" }, "yuv420p")),
      );
      const words = CODECS.map((codec, i) => {
        const encoder = found[i];
        if (encoder === null || encoder === undefined) return `no ${codec}`;
        return `${codec} by ${encoder.name}${encoder.isHardware ? " (graphics hardware)" : ""}`;
      });
      const text = `Films are encoded as ${words.join(", ")}`;
      return found[0] === null ? bad(`${text}: install an ffmpeg with libx264.`) : good(`${text}.`);
    }),
    finding("onnxruntime", async () => {
      const version = await parts.engine.check();
      return good(
        `The engine starts; onnxruntime ${version} computes with ${engineThreads()} of ${availableParallelism()} threads.`,
      );
    }),
    finding("memory", async () => memory()),
    finding("data disk", () => disk("Models and queue", parts.folders.home)),
    finding("clip disk", () => disk("Clips", parts.folders.output)),
    finding("models", async () => {
      await parts.models.ensureBundled();
      const models = await parts.models.list();
      return models.length === 0
        ? bad("No model is installed: install a checkpoint with `plume models install FILE`.")
        : good(`Installed: ${models.map(({ id }) => id).join(", ")}.`);
    }),
  ]);
}

type Result = Omit<Finding, "name">;
const good = (sentence: string): Result => ({ ok: true, sentence });
const bad = (sentence: string): Result => ({ ok: false, sentence });

async function finding(name: string, look: () => Promise<Result>): Promise<Finding> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    return { name, ok: false, sentence: StudioError.from(error).message };
  }
}

function memory(): Result {
  const [total, free] = [totalMemory(), freeMemory()];
  const text = `${gb(free)} of ${gb(total)} memory are free`;
  return free < LITTLE_MEMORY ? bad(`${text}: close other programs before you make large clips.`) : good(`${text}.`);
}

/** The folder may not exist yet: the disk of the nearest folder above that does is the one. */
async function disk(what: string, folder: string): Promise<Result> {
  const info = await statfs(folder).catch(() => null);
  if (info === null) {
    if (dirname(folder) === folder) return bad(`The disk for ${what.toLowerCase()} cannot be looked at.`);
    return disk(what, dirname(folder));
  }
  const free = info.bavail * info.bsize;
  const text = `${what} have ${gb(free)} of disk left`;
  return free < LITTLE_DISK ? bad(`${text}: free some space.`) : good(`${text}.`);
}

const gb = (bytes: number): string => `${(bytes / GB).toFixed(2)} GB`;
