/**
 * The bundled starter that animates, in the real studio with the real engine: a picture and a beat become a clip that moves, twice the
 * same. Where the app is packed without it there is nothing to test.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { animationRecordSchema } from "../../core/contract/index.ts";
import { locateFfmpeg, probeVideo } from "../../main/media/index.ts";
import { createStudio } from "../../main/studio/create-studio.ts";
import { removeFolder, temporaryFolder } from "./harness.ts";

const ffmpeg = (...args: string[]) => execFileSync("ffmpeg", ["-v", "error", "-y", ...args]);
const starter = resolve(import.meta.dirname, "..", "..", "assets", "models", "keyvid");

test.runIf(existsSync(starter))(
  "a picture and a beat become a clip that moves, and the same clip again",
  { timeout: 900_000 },
  async () => {
    const folder = await temporaryFolder();
    const [picture, sound] = [join(folder, "logo.png"), join(folder, "beat.wav")];
    const box = "color=0x204080:s=256x256,drawbox=x=88:y=88:w=80:h=80:color=0xf0b030:t=fill";
    ffmpeg("-f", "lavfi", "-i", box, "-frames:v", "1", picture);
    ffmpeg("-f", "lavfi", "-i", "aevalsrc='0.9*sin(2*PI*70*t)*exp(-14*mod(t,0.5))':s=44100:d=2", sound);
    const studio = await createStudio({
      appVersion: "test",
      queue: "memory",
      home: join(folder, "home"),
      output: join(folder, "clips"),
    });
    try {
      const [logo, beat] = [await studio.importMedia(picture), await studio.importMedia(sound)];
      const request = { picture: logo.id, sound: beat.id, seed: 7, preset: "draft", straight: true } as const;
      const records = [];
      for (let n = 0; n < 2; n += 1) {
        const { id } = await studio.call("jobs.animate", { request });
        const done = await studio.ended(id);
        expect(done.error).toBeNull();
        records.push(animationRecordSchema.parse(done.clip?.record));
        const { path } = await studio.clipFile(done.clip?.id ?? "");
        const probe = await probeVideo(await locateFfmpeg(), path);
        expect(probe).toMatchObject({ codec: "h264", frames: 48, streams: 2 });
        expect(probe.sound?.seconds).toBeCloseTo(2, 2);
      }
      expect(records[1]?.framesSha256).toBe(records[0]?.framesSha256);
      expect(records[0]?.curve).toHaveLength(48);
      expect(records[0]?.model.family).toBe("keyvid");
      const models = await studio.call("models.list", {});
      expect(models.find(({ family }) => family === "keyvid")).toMatchObject({ bundled: true });
    } finally {
      await studio.close();
      await removeFolder(folder);
    }
  },
);
