import { describe, expect, it } from "vitest";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { locateFfmpeg } from "./locate.ts";
import { fakeTool, temporaryFolder } from "./testing.ts";

const none = { env: {}, packaged: null, platform: "linux" as const };

describe("finding ffmpeg", () => {
  it("takes the setting, then PLUME_FFMPEG, then resources/bin, then the packaged one, then PATH", async () => {
    await using folder = await temporaryFolder();
    const at = async (name: string): Promise<string> => {
      const place = join(folder.path, name);
      await mkdir(place, { recursive: true });
      return fakeTool(place, "ffmpeg", "exit 1");
    };
    const [setting, env, bundled, packaged, path] = await Promise.all(
      ["setting", "env", "resources/bin", "packaged", "path"].map(at),
    );
    const all = {
      setting,
      env: { PLUME_FFMPEG: env!, PATH: join(folder.path, "path") },
      resources: join(folder.path, "resources"),
      packaged: packaged!,
      platform: "linux" as const,
    };
    expect((await locateFfmpeg(all)).ffmpeg).toBe(setting);
    expect((await locateFfmpeg({ ...all, setting: undefined })).ffmpeg).toBe(env);
    const noChoice = { ...all, setting: undefined, env: { PATH: all.env.PATH } };
    expect((await locateFfmpeg(noChoice)).ffmpeg).toBe(bundled);
    expect((await locateFfmpeg({ ...noChoice, resources: join(folder.path, "no") })).ffmpeg).toBe(packaged);
    const onPath = await locateFfmpeg({ ...noChoice, resources: join(folder.path, "no"), packaged: null });
    expect(onPath).toEqual({ ffmpeg: path, ffprobe: null, version: "9.9-fake" });
  });

  it("pairs ffmpeg with the ffprobe beside it", async () => {
    await using folder = await temporaryFolder();
    await fakeTool(folder.path, "ffmpeg", "exit 1");
    const ffprobe = await fakeTool(folder.path, "ffprobe", "exit 1");
    expect((await locateFfmpeg({ ...none, env: { PATH: folder.path } })).ffprobe).toBe(ffprobe);
  });

  it("says how to install it when there is none", async () => {
    await expect(locateFfmpeg(none)).rejects.toMatchObject({
      code: "FFMPEG_MISSING",
      message: expect.stringMatching(/apt install ffmpeg.*brew install ffmpeg.*winget install ffmpeg/),
    });
  });

  it("does not replace a broken choice by another ffmpeg, and skips files that are no ffmpeg", async () => {
    await using folder = await temporaryFolder();
    await fakeTool(folder.path, "ffmpeg", "exit 1");
    const broken = join(folder.path, "broken");
    await expect(locateFfmpeg({ ...none, env: { PLUME_FFMPEG: broken, PATH: folder.path } })).rejects.toMatchObject({
      code: "FFMPEG_MISSING",
      message: expect.stringContaining("PLUME_FFMPEG"),
    });
    await mkdir(join(folder.path, "text"));
    await writeFile(join(folder.path, "text", "ffmpeg"), "not a program");
    const env = { PATH: `${join(folder.path, "text")}:${folder.path}` };
    expect((await locateFfmpeg({ ...none, env })).ffmpeg).toBe(join(folder.path, "ffmpeg"));
    await writeFile(join(folder.path, "no-x264"), "");
    await expect(locateFfmpeg({ ...none, env })).rejects.toMatchObject({
      code: "FFMPEG_MISSING",
      message: expect.stringContaining("H.264"),
    });
  });
});
