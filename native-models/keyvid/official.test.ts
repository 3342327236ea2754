/** The official release by the list of its tensors: what we ask for is there in that shape, and what we leave is known to be unused. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { CheckpointFile } from "../pack/family.ts";
import type { TensorSource } from "../types.ts";
import { planKeyvid } from "./family.ts";
import { type Part, partOf } from "./parameters.ts";
import { officialConfig } from "./testing-model.testkit.ts";

const keysFile =
  process.env.PLUME_KEYVID_KEYS ??
  fileURLToPath(new URL("../../../shared/specs/keyvid-official-keys.json", import.meta.url));
const haveKeys = existsSync(keysFile);
const note = haveKeys ? "" : " (SKIPPED: no list of official tensors; set PLUME_KEYVID_KEYS)";

const shapesSchema = z.record(z.string(), z.array(z.number()));
const keysSchema = z.object({
  keyframe_generation: shapesSchema,
  motion_interpolator_missing: z.array(z.string()),
  keyframe_localizer: shapesSchema,
  imagebind_huge_audio: shapesSchema,
});
type Shapes = z.infer<typeof shapesSchema>;

const noData = () => Promise.reject(new Error("a listing has no data"));

/** A checkpoint of names and shapes only. */
function listing(path: string, shapes: Shapes): CheckpointFile {
  const tensors = new Map(
    Object.entries(shapes).map(([name, shape]) => [name, { name, dtype: "float32" as const, shape }]),
  );
  const source: TensorSource = {
    tensors,
    metadata: {},
    read: noData,
    readFloat32: noData,
    close: () => Promise.resolve(),
  };
  return { path, source };
}

function release() {
  const keys = keysSchema.parse(JSON.parse(readFileSync(keysFile, "utf8")));
  const generator = keys.keyframe_generation;
  const without = new Set(keys.motion_interpolator_missing);
  const interpolator = Object.fromEntries(Object.entries(generator).filter(([name]) => !without.has(name)));
  return { generator, interpolator, localizer: keys.keyframe_localizer, imagebind: keys.imagebind_huge_audio };
}

const files = ({ generator, interpolator, localizer }: Omit<ReturnType<typeof release>, "imagebind">) => [
  listing("generator_checkpoint.ckpt", generator),
  listing("epoch=3669-step=58720.ckpt", interpolator),
  listing("best_model_version1_with_skip.pth", localizer),
];

/** Why a tensor of the generator's or interpolator's file is not asked for; undefined: there is no reason. */
function reasonToLeave(name: string): string | undefined {
  const reasons: readonly (readonly [RegExp, string])[] = [
    [/^audio_proj_model\./u, "the official code never uses it"],
    [
      /^imagebind_model\.(?!modality_(?:preprocessors|trunks)\.audio\.)/u,
      "other senses, heads and scales of ImageBind",
    ],
    [/^embedder\.model\.(?!visual\.)/u, "leftovers of the text tower"],
    [/^embedder\.model\.visual\.(?:proj$|ln_post\.)/u, "CLIP's projection and its norm"],
    [
      /^cond_stage_model\.model\.(?:transformer\.resblocks\.23\.|text_projection$|logit_scale$)/u,
      "the last text block and what follows",
    ],
    [/^[a-z_\d]+$/u, "the noise schedule, which is computed"],
  ];
  return reasons.find(([pattern]) => pattern.test(name))?.[1];
}

describe.skipIf(!haveKeys)(`the official release${note}`, () => {
  it("is recognised from names and shapes alone, and asked for in exactly the shapes that it has", () => {
    const shapes = release();
    const plan = planKeyvid(files(shapes));
    expect(plan.facts.config).toEqual(officialConfig);
    expect(plan.facts).toMatchObject({
      family: "keyvid",
      variant: "KeyVID",
      native: { width: 512, height: 320, frames: 48 },
    });
    const of: Readonly<Record<Part, Shapes>> = {
      keyframes: shapes.generator,
      sound: shapes.generator,
      interpolation: shapes.interpolator,
      localizer: shapes.localizer,
    };
    for (const spec of plan.specs) {
      expect(of[partOf(spec.key)][spec.source], spec.key).toEqual(spec.sourceShape);
      expect(plan.resolve(spec).tensor.name).toBe(spec.source);
    }
  });

  it("leaves nothing that is used", () => {
    const shapes = release();
    const asked = new Map<Part, Set<string>>();
    for (const { key, source } of planKeyvid(files(shapes)).specs)
      asked.set(partOf(key), (asked.get(partOf(key)) ?? new Set()).add(source));
    const unexplained = (names: readonly string[], ...parts: Part[]) =>
      names.filter((name) => !parts.some((part) => asked.get(part)?.has(name)) && reasonToLeave(name) === undefined);
    expect(unexplained(Object.keys(shapes.generator), "keyframes", "sound")).toEqual([]);
    // The interpolator's copy of ImageBind is the generator's.
    const interpolator = Object.keys(shapes.interpolator).filter((name) => !name.startsWith("imagebind_model."));
    expect(unexplained(interpolator, "interpolation")).toEqual([]);
    const localizer = Object.keys(shapes.localizer).filter((name) => !asked.get("localizer")?.has(name));
    expect(
      localizer.filter((name) => !/^ada_|^imagebindMoodel\.(?!modality_(?:preprocessors|trunks)\.audio\.)/u.test(name)),
    ).toEqual([]);
  });

  it("takes ImageBind from Meta's own file where the generator has none, and resizes its positions", () => {
    const shapes = release();
    const generator = Object.fromEntries(
      Object.entries(shapes.generator).filter(([name]) => !name.startsWith("imagebind_model.")),
    );
    const interpolator = Object.fromEntries(
      Object.entries(shapes.interpolator).filter(([name]) => !name.startsWith("imagebind_model.")),
    );
    const meta = listing("imagebind_huge.pth", shapes.imagebind);
    const plan = planKeyvid([...files({ ...shapes, generator, interpolator }), meta]);
    expect(plan.facts.config).toMatchObject({ audio: { tableColumns: 19 } });
    const derived = plan.specs.filter((spec) => spec.derived);
    expect(derived.map(({ sourceShape }) => sourceShape)).toEqual([[1, 577, 768]]);
    expect(derived[0]?.derived?.from.map(({ shape }) => shape)).toEqual([[1, 229, 768]]);
    for (const spec of plan.specs.filter(({ key, derived: computed }) => partOf(key) === "sound" && !computed))
      expect(plan.resolve(spec).tensor.shape, spec.key).toEqual(spec.sourceShape);
  });

  it("has the official numbers of parameters", () => {
    const specs = planKeyvid(files(release())).specs;
    const billions = (part: Part) =>
      specs
        .filter(({ key }) => partOf(key) === part)
        .reduce((sum, { sourceShape }) => sum + sourceShape.reduce((a, b) => a * b, 1), 0) / 1e9;
    const unet = 1.467252052;
    // Of the towers: all of CLIP's vision but its projection and last norm, all of its text but the last block and the projection.
    expect(billions("keyframes")).toBeGreaterThan(unet + 1.09);
    expect(billions("keyframes")).toBeLessThan(unet + 1.12);
    expect(billions("keyframes") - billions("interpolation")).toBeCloseTo(0.00205056, 8);
    expect(billions("sound")).toBeCloseTo(0.0861, 2);
    expect(billions("localizer")).toBeCloseTo(0.0865, 2);
  });
});
