import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chooseEncoder, type EncoderSystem } from "./encoders.ts";
import type { MediaTools } from "./locate.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-encoders-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let made = 0;

/** An ffmpeg on a machine where only these encoders work; `tried` tells which were asked for. */
async function machine(...working: string[]): Promise<{ tools: MediaTools; tried: () => Promise<string[]> }> {
  made += 1;
  const [ffmpeg, log] = [join(folder, `ffmpeg-${made}`), join(folder, `tried-${made}`)];
  const works = working.map((name) => `*"-c:v ${name} "*) cat >/dev/null; exit 0;;`).join(" ");
  const script = `#!/bin/sh\necho "$*" >> "${log}"\ncase "$* " in ${works} esac\necho "no such device" >&2; exit 1\n`;
  await writeFile(ffmpeg, script);
  await chmod(ffmpeg, 0o755);
  const tried = async (): Promise<string[]> => {
    const text = await readFile(log, "utf8").catch(() => "");
    return [...text.matchAll(/-c:v (\S+)/g)].map(([, name]) => name!);
  };
  return { tools: { ffmpeg, ffprobe: null, version: "5.1" }, tried };
}

const on = (platform: NodeJS.Platform, hasRenderNode = false): EncoderSystem => ({ platform, hasRenderNode });
const auto = { codec: "h264", encoder: "auto" } as const;

describe.runIf(process.platform !== "win32")("which encoder is used", () => {
  it.each([
    ["linux", "h264_nvenc", "NVENC"],
    ["linux", "h264_qsv", "Quick Sync"],
    ["linux", "h264_vaapi", "VA-API"],
    ["win32", "h264_amf", "AMF"],
    ["darwin", "h264_videotoolbox", "VideoToolbox"],
  ] as const)("on %s %s where it works, and it says so", async (platform, name, label) => {
    const { tools } = await machine(name, "libx264");
    expect(await chooseEncoder(tools, auto, "yuv420p", on(platform, true))).toMatchObject({
      name,
      isHardware: true,
      reason: `Encoded by ${label} (${name}), the graphics hardware of this computer.`,
    });
  });

  it("software where no hardware works, and it says what did not", async () => {
    const { tools, tried } = await machine("libx264");
    const found = await chooseEncoder(tools, auto, "yuv420p", on("win32"));
    expect(found).toMatchObject({
      name: "libx264",
      isHardware: false,
      reason: "Encoded by libx264, in software: NVENC, Quick Sync and AMF did not work on this computer.",
    });
    expect(await tried()).toEqual(["h264_nvenc", "h264_qsv", "h264_amf", "libx264"]);
    // What did not work is not tried again.
    await chooseEncoder(tools, auto, "yuv420p", on("win32"));
    expect(await tried()).toHaveLength(4);
  });

  it("software as asked, without trying hardware", async () => {
    const { tools, tried } = await machine("hevc_nvenc", "libx265");
    const found = await chooseEncoder(tools, { codec: "hevc", encoder: "software" }, "yuv420p", on("linux"));
    expect(found!.reason).toBe("Encoded by libx265, in software as asked.");
    expect(await tried()).toEqual(["libx265"]);
  });

  it("another software encoder where the first is missing, none where there is none", async () => {
    const { tools } = await machine("librav1e");
    expect(await chooseEncoder(tools, { codec: "av1", encoder: "software" }, "yuv420p", on("linux"))).toMatchObject({
      name: "librav1e",
    });
    const poor = await machine();
    expect(await chooseEncoder(poor.tools, { codec: "vp9", encoder: "auto" }, "yuv420p", on("linux"))).toBeNull();
  });
});
