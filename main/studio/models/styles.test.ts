/** Styles with the real engine, on a small synthetic model. */
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { HummingbirdConfig } from "../../../native-models/hummingbird/config.ts";
import { hummingbirdParameters } from "../../../native-models/hummingbird/parameters.ts";
import { unetPrefix } from "../../../native-models/hummingbird/checkpoint-names.ts";
import {
  largeConfig,
  writeSparseCheckpoint,
  writeSparseTensors,
} from "../../../native-models/pack/synthetic.testkit.ts";
import { temporaryFolder } from "../../media/testing.ts";
import { createStudio } from "../create-studio.ts";

const config: HummingbirdConfig = {
  ...largeConfig,
  modelChannels: 32,
  contextDim: 32,
  vae: { ...largeConfig.vae, ch: 32, chMult: [1, 1] },
  text: { ...largeConfig.text, width: 32, heads: 1, vocabulary: 100 },
};

/** A LoRA that changes one layer. */
async function writeStyle(path: string, metadata: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const { source, sourceShape } = hummingbirdParameters(config).find(
    (spec) => spec.source.startsWith(unetPrefix) && spec.source.endsWith("to_q.weight"),
  )!;
  const layer = `lora_unet_${source.slice(unetPrefix.length, -".weight".length).replaceAll(".", "_")}`;
  const shapes = new Map<string, readonly number[]>([
    [`${layer}.lora_up.weight`, [sourceShape[0]!, 2]],
    [`${layer}.lora_down.weight`, [2, sourceShape[1]!]],
  ]);
  await writeSparseTensors(path, shapes, undefined, metadata);
}

describe("styles", () => {
  it("are installed as cards, mixed with strengths into a model of their own, and removed", {
    timeout: 180_000,
  }, async () => {
    await using folder = await temporaryFolder();
    const home = join(folder.path, "home");
    const files = join(folder.path, "files");
    await mkdir(files, { recursive: true });
    await writeSparseCheckpoint(join(files, "small.safetensors"), config);
    await writeStyle(join(files, "ink wash.safetensors"));
    await writeFile(join(files, "ink wash.png"), Buffer.from("89504e470d0a1a0a", "hex"));
    await writeStyle(join(files, "grain.safetensors"), { format: "pt" });
    const studio = await createStudio(
      { appVersion: "test", queue: "memory", home, output: join(folder.path, "clips") },
      { bundled: [] },
    );
    try {
      await studio.models.install({ file: join(files, "small.safetensors"), id: "small", int8: false });
      const ink = await studio.installStyle(join(files, "ink wash.safetensors"), {
        name: "Ink",
        triggers: ["ink wash"],
        licence: "CC-BY-4.0",
      });
      expect(ink).toMatchObject({
        id: "ink-wash",
        name: "Ink",
        triggers: ["ink wash"],
        licence: "CC-BY-4.0",
        layers: 1,
      });
      expect(ink.preview).toBe("data:image/png;base64,iVBORw0KGgo=");
      // The same file again is the same style.
      expect((await studio.installStyle(join(files, "ink wash.safetensors"), {})).id).toBe("ink-wash");
      // A dropped LoRA becomes a style by itself.
      await studio.importMedia(join(files, "grain.safetensors"), { checkpoint: "drop" });
      const dropped = await studio.call("models.installDropped", { drop: "drop" });
      expect(await studio.ended(dropped.id)).toMatchObject({ state: "done", result: { model: null } });
      expect((await studio.call("styles.list", {})).map(({ id }) => id).sort()).toEqual(["grain", "ink-wash"]);
      await studio.call("styles.edit", { id: "grain", name: "Film grain", licence: "own work" });
      await expect(studio.installStyle(join(files, "small.safetensors"), {})).rejects.toMatchObject({
        code: "MODEL_WRONG_KIND",
      });

      const mix = {
        model: "small",
        styles: [
          { id: "ink-wash", strength: 0.8 },
          { id: "grain", strength: 1 },
        ],
      };
      const job = await studio.call("styles.mix", mix);
      const ended = await studio.ended(job.id);
      expect(ended).toMatchObject({ kind: "convert", state: "done" });
      const made = (await studio.call("models.list", {})).find(({ id }) => id !== "small")!;
      expect(made.name).toMatch(/^small \+ Ink 0\.8 \+ Film grain$/);
      await studio.models.verify(made.id);
      // It shares its base's weights and keeps only the layer that changed.
      const pack = join(home, "models", made.id);
      expect((await stat(join(pack, "style.bin"))).size).toBeLessThan(
        (await stat(join(pack, "weights.bin"))).size / 10,
      );
      const manifest = JSON.parse(await readFile(join(pack, "pack.json"), "utf8")) as { loras: { scale: number }[] };
      expect(manifest.loras.map(({ scale }) => scale)).toEqual([0.8, 1]);
      await expect(studio.call("styles.mix", mix)).rejects.toMatchObject({ code: "BAD_REQUEST" });
      for (const wrong of [
        { model: "small", styles: [] },
        { model: "small", styles: [{ id: "ink-wash", strength: 9 }] },
      ])
        await expect(studio.call("styles.mix", wrong)).rejects.toMatchObject({ code: "BAD_REQUEST" });
      await expect(
        studio.call("styles.mix", { model: "small", styles: [{ id: "no-such", strength: 1 }] }),
      ).rejects.toMatchObject({ code: "NOT_FOUND" });
      await studio.call("styles.remove", { id: "grain" });
      expect((await studio.call("styles.list", {})).map(({ id }) => id)).toEqual(["ink-wash"]);
      await studio.models.verify(made.id);
    } finally {
      await studio.close();
    }
  });
});
