import { spawn } from "node:child_process";
import type { ResolvedRequest } from "../../../core/contract/index.ts";

const hues: readonly (readonly [RegExp, readonly [number, number, number]])[] = [
  [/red|crimson/i, [235, 60, 55]],
  [/orange|amber|gold/i, [250, 165, 45]],
  [/green|emerald/i, [60, 200, 110]],
  [/teal|cyan/i, [40, 190, 200]],
  [/purple|violet/i, [150, 90, 235]],
  [/pink|magenta/i, [240, 100, 180]],
  [/./, [70, 130, 245]],
];

/** Rising discs in the prompt's first colour: RGB8 frames that loop, decided by the seed alone. */
export function drawBubbles(request: ResolvedRequest): Buffer[] {
  const { width, height, frames } = request;
  let state = request.seed >>> 0 || 1;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const colour = hues.find(([pattern]) => pattern.test(request.prompt))?.[1] ?? [70, 130, 245];
  const bubbles = Array.from({ length: 14 }, () => ({
    x: random(),
    y: random(),
    r: 0.04 + 0.1 * random(),
    cycles: 1 + Math.floor(random() * 2),
  }));
  return Array.from({ length: frames }, (_, frame) => {
    const picture = Buffer.alloc(width * height * 3);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let light = 0.06 + (0.1 * y) / height;
        for (const { x: cx, y: cy, r, cycles } of bubbles) {
          const centre = (((cy - (cycles * frame) / frames) % 1.3) + 1.3) % 1.3;
          const distance = Math.hypot(x / width - cx, (y / height - centre + 0.15) * (height / width)) / r;
          if (distance < 1) light += 0.25 + 0.5 * distance ** 4;
        }
        for (let c = 0; c < 3; c++) {
          picture[(y * width + x) * 3 + c] = Math.min(255, (colour[c] ?? 0) * Math.min(light, 1.25));
        }
      }
    }
    return picture;
  });
}

/** The frames at an eighth of their size under noise that `progress` 0 to 1 clears: what a latent preview looks like. */
export function toLatentPreview(frames: readonly Buffer[], request: ResolvedRequest, progress: number) {
  const [width, height] = [request.width / 8, request.height / 8];
  const rgba = new Uint8Array(width * height * 4 * frames.length);
  let at = 0;
  for (const frame of frames) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const source = ((y * 8 + 4) * request.width + x * 8 + 4) * 3;
        for (let c = 0; c < 3; c++) {
          const noise = Math.random() * 255;
          rgba[at++] = progress * (frame[source + c] ?? 0) + (1 - progress) * (0.5 * noise + 40);
        }
        rgba[at++] = 255;
      }
    }
  }
  return { width, height, rgba };
}

/** Writes an H.264 MP4. */
export function encode(file: string, frames: readonly Buffer[], request: ResolvedRequest): Promise<void> {
  const size = `${request.width}x${request.height}`;
  const input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", String(request.fps), "-i", "pipe:0"];
  const output = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-movflags", "+faststart", file];
  return new Promise((done, failed) => {
    const child = spawn("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...input, ...output], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.on("error", failed);
    child.on("exit", (code) => (code === 0 ? done() : failed(new Error(`ffmpeg ended with ${code}.`))));
    child.stdin.end(Buffer.concat(frames));
  });
}
