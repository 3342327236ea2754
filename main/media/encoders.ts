import { existsSync } from "node:fs";
import type { ExportVideo, VideoCodec } from "../../core/export/index.ts";
import type { MediaTools } from "./locate.ts";
import { BASE_ARGS, PROTOCOLS, startMedia } from "./run.ts";

/** How a codec is encoded on this machine. */
export interface Encoder {
  /** ffmpeg's name. */
  readonly name: string;
  readonly isHardware: boolean;
  /** Before the inputs: the device. */
  readonly device: readonly string[];
  /** Filters that bring frames to where the encoder takes them, after the colour conversion to yuv420p. */
  readonly upload: string;
  /** Short stretches between copied ones: a few bytes more are nothing there, and time is what copying is for. */
  readonly isQuick?: boolean;
  /** Of the processor, where others encode beside it. */
  readonly threads?: number;
  /** One sentence: which was chosen and why. */
  readonly reason: string;
}

interface Candidate extends Omit<Encoder, "reason"> {
  /** What people call the hardware. */
  readonly label: string;
}

const hardware = (label: string, name: string, upload = "format=nv12", device: readonly string[] = []): Candidate => ({
  label,
  name,
  isHardware: true,
  upload,
  device,
});
const software = (name: string, upload = ""): Candidate => ({
  label: "software",
  name,
  isHardware: false,
  upload,
  device: [],
});

const RENDER_NODE = "/dev/dri/renderD128";

/** What decides which hardware may be there. */
export interface EncoderSystem {
  readonly platform: NodeJS.Platform;
  /** Whether VA-API has a device to be tried on. */
  readonly hasRenderNode: boolean;
}

const thisSystem = (): EncoderSystem => ({ platform: process.platform, hasRenderNode: existsSync(RENDER_NODE) });

/** In the order in which they are tried, on this kind of system. */
function candidates(codec: VideoCodec, { platform, hasRenderNode }: EncoderSystem): Candidate[] {
  const short = { h264: "h264", hevc: "hevc", av1: "av1" }[codec as "h264"] as string | undefined;
  const fast =
    short === undefined
      ? []
      : [
          ...(platform === "darwin" && short !== "av1" ? [hardware("VideoToolbox", `${short}_videotoolbox`)] : []),
          ...(platform === "darwin"
            ? []
            : [hardware("NVENC", `${short}_nvenc`), hardware("Quick Sync", `${short}_qsv`)]),
          ...(platform === "win32" ? [hardware("AMF", `${short}_amf`)] : []),
          ...(platform === "linux" && hasRenderNode
            ? [hardware("VA-API", `${short}_vaapi`, "format=nv12,hwupload", ["-vaapi_device", RENDER_NODE])]
            : []),
        ];
  const soft: Record<VideoCodec, Candidate[]> = {
    h264: [software("libx264"), software("libopenh264")],
    hevc: [software("libx265")],
    av1: [software("libsvtav1"), software("librav1e"), software("libaom-av1")],
    vp9: [software("libvpx-vp9")],
    "prores-422-hq": [software("prores_ks")],
    "prores-4444": [software("prores_ks")],
    gif: [software("gif")],
    webp: [software("libwebp_anim"), software("libwebp")],
    png: [software("png")],
    jpeg: [software("mjpeg")],
  };
  return [...fast, ...soft[codec]];
}

const tried = new Map<string, Promise<boolean>>();

/** Whether an encoder really encodes here: being listed says only that it was built in. Asked once a run of the studio. */
function works(tools: MediaTools, candidate: Candidate, pixelFormat: string): Promise<boolean> {
  const key = `${tools.ffmpeg} ${candidate.name}`;
  const known = tried.get(key);
  if (known !== undefined) return known;
  const answer = tryOut(tools, candidate, pixelFormat);
  tried.set(key, answer);
  return answer;
}

const SIDE = 256;

async function tryOut(tools: MediaTools, { name, device, upload }: Candidate, pixelFormat: string): Promise<boolean> {
  const input = [
    "-f",
    "rawvideo",
    "-pix_fmt",
    "rgba",
    "-video_size",
    `${SIDE}x${SIDE}`,
    "-framerate",
    "24",
    "-i",
    "pipe:0",
  ];
  const filters = [`format=${pixelFormat}`, ...(upload === "" ? [] : [upload])].join(",");
  const args = [...BASE_ARGS, ...PROTOCOLS, ...device, ...input, "-vf", filters, "-c:v", name, "-f", "null", "-"];
  // A driver that hangs is one that does not work.
  const encoder = startMedia(tools.ffmpeg, args, { signal: AbortSignal.timeout(20_000) });
  try {
    for (let n = 0; n < 4; n += 1) await encoder.write(Buffer.alloc(SIDE * SIDE * 4, 40 * n));
    await encoder.finish();
    return true;
  } catch {
    return false; // whatever it says, the next one is tried
  }
}

/** Which encoder to use, found by trying; null where this ffmpeg has none for the codec. */
export async function chooseEncoder(
  tools: MediaTools,
  { codec, encoder }: Pick<ExportVideo, "codec" | "encoder">,
  pixelFormat: string,
  system: EncoderSystem = thisSystem(),
): Promise<Encoder | null> {
  const all = candidates(codec, system);
  const asked = all.filter(({ isHardware }) => encoder === "auto" || !isHardware);
  const failed: string[] = [];
  for (const candidate of asked) {
    if (!(await works(tools, candidate, pixelFormat))) {
      failed.push(candidate.isHardware ? candidate.label : candidate.name);
      continue;
    }
    const { label, ...found } = candidate;
    return {
      ...found,
      reason: reasonFor(
        found.name,
        label,
        found.isHardware,
        failed,
        all.some(({ isHardware }) => isHardware),
        encoder,
      ),
    };
  }
  return null;
}

function reasonFor(
  name: string,
  label: string,
  isHardware: boolean,
  failed: readonly string[],
  hasHardware: boolean,
  asked: ExportVideo["encoder"],
): string {
  if (isHardware) return `Encoded by ${label} (${name}), the graphics hardware of this computer.`;
  if (!hasHardware) return `Encoded by ${name}.`;
  if (asked === "software") return `Encoded by ${name}, in software as asked.`;
  if (failed.length === 0) return `Encoded by ${name}, in software.`;
  return `Encoded by ${name}, in software: ${list(failed)} did not work on this computer.`;
}

const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
