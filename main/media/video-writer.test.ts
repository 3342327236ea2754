import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { locateFfmpeg, type MediaTools } from "./locate.ts";
import { probeVideo } from "./probe.ts";
import { BASE_ARGS, runMedia } from "./run.ts";
import { fakeTool, solid, temporaryFolder } from "./testing.ts";
import { openVideoWriter } from "./video-writer.ts";

let tools: MediaTools;
beforeAll(async () => {
  tools = await locateFfmpeg();
});

const size = { width: 64, height: 64, fps: 8 };

async function writeClip(folder: string, colours: readonly (readonly [number, number, number])[]): Promise<string> {
  const writer = await openVideoWriter({ tools, folder, ...size });
  for (const colour of colours) await writer.write(solid(64, 64, colour));
  const video = await writer.finish();
  const path = join(folder, "clip.mp4");
  await video.publish(path, false);
  return path;
}

async function decode(path: string, format: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const args = [...BASE_ARGS, "-i", path, "-f", "rawvideo", "-pix_fmt", format, "pipe:1"];
  await runMedia(tools.ffmpeg, args, { onStdout: (chunk) => chunks.push(chunk) });
  return Buffer.concat(chunks);
}

describe("writing a video", () => {
  it("makes H.264 in yuv420p, tagged BT.709, with the index at the front, and nothing else in the folder", async () => {
    await using folder = await temporaryFolder();
    const path = await writeClip(folder.path, [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
    ]);
    expect(await readdir(folder.path)).toEqual(["clip.mp4"]);
    expect(await probeVideo(tools, path)).toEqual({
      codec: "h264",
      width: 64,
      height: 64,
      frames: 3,
      streams: 1,
      sound: null,
      tags: { pixelFormat: "yuv420p", range: "tv", matrix: "bt709", primaries: "bt709", transfer: "bt709" },
    });
    const bytes = await readFile(path);
    expect(bytes.indexOf("moov")).toBeLessThan(bytes.indexOf("mdat"));
    expect(bytes.includes("Lavf")).toBe(false);
  });

  it("converts with BT.709's matrix into limited range (values computed by hand)", async () => {
    await using folder = await temporaryFolder();
    const colour = [200, 60, 20] as const;
    const yuv = await decode(await writeClip(folder.path, [colour]), "yuv420p");
    // ITU-R BT.709-6: Y' = 0.2126 R' + 0.7152 G' + 0.0722 B', Cb = (B' − Y') / 1.8556, Cr = (R' − Y') / 1.5748.
    const [r, g, b] = colour.map((value) => value / 255) as [number, number, number];
    const y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    const expected = [16 + 219 * y, 128 + (224 * (b - y)) / 1.8556, 128 + (224 * (r - y)) / 1.5748];
    const found = [yuv[0]!, yuv[64 * 64]!, yuv[64 * 64 + 32 * 32]!];
    for (const [index, value] of expected.entries()) expect(Math.abs(found[index]! - value)).toBeLessThan(1.6);
  });

  it("gives equal files for equal frames", async () => {
    await using one = await temporaryFolder();
    await using two = await temporaryFolder();
    const frames = [
      [10, 20, 30],
      [90, 20, 30],
      [10, 200, 30],
    ] as const;
    const [a, b] = [await writeClip(one.path, frames), await writeClip(two.path, frames)];
    expect((await readFile(a)).equals(await readFile(b))).toBe(true);
  });

  it("never overwrites, unless asked to", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "clip.mp4");
    await writeFile(path, "precious");
    const make = async () => {
      const writer = await openVideoWriter({ tools, folder: folder.path, ...size });
      await writer.write(solid(64, 64, [1, 2, 3]));
      return writer.finish();
    };
    const refused = await make();
    await expect(refused.publish(path, false)).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
    await refused.discard();
    expect(await readFile(path, "utf8")).toBe("precious");
    expect(await readdir(folder.path)).toEqual(["clip.mp4"]);
    await (await make()).publish(path, true);
    expect((await probeVideo(tools, path)).frames).toBe(1);
    expect(await readdir(folder.path)).toEqual(["clip.mp4"]);
  });

  it("starts ffmpeg with the first frame, and has nothing to finish without one", async () => {
    await using folder = await temporaryFolder();
    const writer = await openVideoWriter({
      tools: { ...tools, ffmpeg: "/no/such/ffmpeg" },
      folder: folder.path,
      ...size,
    });
    await expect(writer.finish()).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(writer.write(solid(64, 64, [1, 2, 3]))).rejects.toMatchObject({ code: "FFMPEG_MISSING" });
    await writer.abort();
    expect(await readdir(folder.path)).toEqual([]);
  });

  it("leaves nothing behind when cancelled, and says CANCELLED", async () => {
    await using folder = await temporaryFolder();
    const cancel = new AbortController();
    const writer = await openVideoWriter({ tools, folder: folder.path, ...size, signal: cancel.signal });
    await writer.write(solid(64, 64, [1, 2, 3]));
    cancel.abort();
    await expect(writer.finish()).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await readdir(folder.path)).toEqual([]);
  });

  it("refuses odd sizes, frames of another size, and folders that do not exist", async () => {
    await using folder = await temporaryFolder();
    await expect(openVideoWriter({ tools, folder: folder.path, width: 63, height: 64, fps: 8 })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    const places = [join(folder.path, "no"), ...(process.platform === "linux" ? ["/proc"] : [])];
    for (const place of places)
      await expect(openVideoWriter({ tools, folder: place, ...size })).rejects.toMatchObject({
        code: "OUTPUT_UNWRITABLE",
      });
    const writer = await openVideoWriter({ tools, folder: folder.path, ...size });
    await expect(writer.write(solid(32, 32, [0, 0, 0]))).rejects.toMatchObject({ code: "INTERNAL" });
    await writer.abort();
    expect(await readdir(folder.path)).toEqual([]);
  });
});

describe("when ffmpeg fails", () => {
  const cases = [
    ["dies of a full disk", `echo "av_interleaved_write_frame(): No space left on device" >&2; exit 1`, "DISK_FULL"],
    ["may not write", `echo "file:x: Permission denied" >&2; exit 1`, "OUTPUT_UNWRITABLE"],
    ["has no H.264 encoder", `echo "Unknown encoder 'libx264'" >&2; exit 1`, "FFMPEG_FAILED"],
    ["crashes", `kill -SEGV $$`, "FFMPEG_FAILED"],
    ["ends well but writes no file", `cat > /dev/null; exit 0`, "INTERNAL"],
    [
      "floods stderr, then dies",
      `yes "some warning" | head -c 3000000 >&2; echo "last words" >&2; exit 3`,
      "FFMPEG_FAILED",
    ],
  ] as const;

  it.each(cases)("%s", async (_, body, code) => {
    await using folder = await temporaryFolder();
    await using bin = await temporaryFolder();
    const broken = { ...tools, ffmpeg: await fakeTool(bin.path, "ffmpeg", body) };
    const run = async (): Promise<void> => {
      const writer = await openVideoWriter({ tools: broken, folder: folder.path, ...size });
      for (let i = 0; i < 40; i += 1) await writer.write(solid(64, 64, [i, i, i]));
      await writer.finish();
    };
    const error = await run().then(
      () => null,
      (thrown: unknown) => thrown as { code: string; detail?: string },
    );
    expect(error?.code).toBe(code);
    if (body.includes("last words")) {
      expect(error?.detail).toContain("last words");
      expect(error?.detail!.length).toBeLessThan(9000);
    }
    expect(await readdir(folder.path)).toEqual([]);
  });

  it("throws away a video that does not read back", async () => {
    await using folder = await temporaryFolder();
    await using bin = await temporaryFolder();
    // Encodes only the first of the frames that it is given.
    const body = `exec ${tools.ffmpeg} -loglevel error -f rawvideo -pix_fmt rgb24 -video_size 64x64 -i pipe:0 -frames:v 1 -f mp4 "$(for a in "$@"; do l=$a; done; echo "$l")"`;
    const broken = { ...tools, ffmpeg: await fakeTool(bin.path, "ffmpeg", body) };
    const writer = await openVideoWriter({ tools: broken, folder: folder.path, ...size });
    const run = async (): Promise<void> => {
      for (let i = 0; i < 3; i += 1) await writer.write(solid(64, 64, [i, i, i]));
      await writer.finish();
    };
    await expect(run()).rejects.toMatchObject({ code: "FFMPEG_FAILED", message: expect.stringContaining("read back") });
    expect(await readdir(folder.path)).toEqual([]);
  });

  it("probes through ffmpeg alone where there is no ffprobe", async () => {
    await using folder = await temporaryFolder();
    const path = await writeClip(folder.path, [
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const probe = await probeVideo({ ...tools, ffprobe: null }, path);
    expect(probe).toEqual({ codec: "h264", width: 64, height: 64, frames: 2, streams: 1, sound: null, tags: null });
    await writeFile(join(folder.path, "text.mp4"), "not a video");
    for (const ffprobe of [tools.ffprobe, null])
      await expect(probeVideo({ ...tools, ffprobe }, join(folder.path, "text.mp4"))).rejects.toMatchObject({
        code: "FFMPEG_FAILED",
      });
  });
});
