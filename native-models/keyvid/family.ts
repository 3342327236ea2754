/** Installing a KeyVID: three files, or the folder that they lie in, become one pack. */
import { basename, dirname } from "node:path";
import { StudioError } from "../../core/contract/errors.ts";
import { mismatch } from "../checkpoint/names.ts";
import type { CheckpointFile, InstallPlan, ModelFamily, PlanOptions } from "../pack/family.ts";
import { manifestOf } from "../pack/manifest.ts";
import { findCheckpoints } from "../pack/find-checkpoints.ts";
import { plannedBytes } from "../pack/weights.ts";
import { TRUNK_PREFIX } from "./audio-trunk.ts";
import { type FileKind, KeyvidNames, looksLikeKeyvid } from "./checkpoint-names.ts";
import { describeKeyvid } from "./describe.ts";
import { keyvidParameters, likelyCopies, partOf } from "./parameters.ts";
import { type KeyvidFiles, recogniseKeyvid, type Stated } from "./recognise.ts";
import { probeKeyvid } from "./probe.ts";

/** What people see of each file: what it is, and where it stands in the official release. */
const published: Readonly<Record<FileKind, { what: string; path: string }>> = {
  generator: { what: "keyframe generator", path: "KeyVID/keyframe_generation/generator_checkpoint.ckpt" },
  interpolator: { what: "interpolation file", path: "KeyVID/interpolation/epoch=3669-step=58720.ckpt" },
  localizer: { what: "keyframe localiser", path: "KeyVID/wav2motion/best_model_version1_with_skip.pth" },
  imagebind: { what: "sound encoder", path: "imagebind_huge.pth" },
};
/** Folders of the official release: what belongs together lies beside them. */
const officialFolders = new Set(["keyframe_generation", "interpolation", "wav2motion"]);
const COMPANION_DEPTH = 2;

interface Opened {
  readonly path: string;
  readonly names: KeyvidNames;
}

/** The epoch in a file's name, as Lightning writes it: of several interpolators the longest trained is meant. */
const epochOf = (path: string): number => Number(/epoch=(\d+)/u.exec(basename(path))?.[1] ?? 0);

/** The file of a kind: the one that the user chose, else the longest trained. */
function choose(opened: readonly Opened[], kind: FileKind): Opened | undefined {
  const candidates = opened.filter(({ names }) => names.kind === kind);
  if (opened[0]?.names.kind === kind && opened.length > 0) return opened[0];
  return [...candidates].sort((a, b) => epochOf(b.path) - epochOf(a.path))[0];
}

const trunkLandmark = `${TRUNK_PREFIX}.modality_preprocessors.audio.rgbt_stem.proj.weight`;

const both = new Intl.ListFormat("en", { type: "conjunction" });

/** Says what the files that are there are, and what is missing where. */
function incomplete(opened: readonly Opened[], missing: readonly FileKind[]): StudioError {
  const kinds = [...new Set(opened.map(({ names }) => names.kind))];
  const there = both.format(kinds.map((kind) => published[kind].what));
  const wanted = both.format(missing.map((kind) => `its ${published[kind].what} (${published[kind].path})`));
  return mismatch(
    `This is KeyVID's ${there}; ${wanted} ${missing.length === 1 ? "is" : "are"} missing: put ${missing.length === 1 ? "it" : "them"} into the same folder and install again.`,
    opened.map(({ path }) => basename(path)).join(", "),
  );
}

/**
 * The files of one model among those that were found.
 * Errors: CHECKPOINT_MISMATCH naming what is missing.
 */
export function assemble(files: readonly CheckpointFile[]): { files: KeyvidFiles; paths: string[] } {
  const opened = files.flatMap(({ path, source }): Opened[] => {
    const names = KeyvidNames.recognise(source);
    return names ? [{ path, names }] : [];
  });
  const generator = choose(opened, "generator");
  const interpolator = choose(opened, "interpolator");
  const localizer = choose(opened, "localizer");
  const sound = [generator, choose(opened, "imagebind"), interpolator].find((file) => file?.names.find(trunkLandmark));
  if (!generator || !interpolator || !localizer || !sound) {
    const missing: FileKind[] = [];
    if (!generator) missing.push("generator");
    if (!interpolator) missing.push("interpolator");
    if (!localizer) missing.push("localizer");
    // The generator brings its own copy, so only a generator without one leaves it missing.
    if (generator && !sound) missing.push("imagebind");
    throw incomplete(opened, missing);
  }
  const paths = [generator, interpolator, localizer, sound].map(({ path }) => path);
  return {
    files: {
      generator: generator.names,
      interpolator: interpolator.names,
      localizer: localizer.names,
      sound: sound.names,
    },
    paths: [...new Set(paths)],
  };
}

/** A model in files, checked, and how it is converted. `stated` goes before what the files say about themselves. */
export function planKeyvid(found: readonly CheckpointFile[], stated: Partial<Stated> = {}): InstallPlan {
  const { files, paths } = assemble(found);
  const recognised = recogniseKeyvid(files, stated);
  const { config, plume } = recognised;
  const specs = keyvidParameters(config);
  const sources = {
    keyframes: files.generator,
    interpolation: files.interpolator,
    localizer: files.localizer,
    sound: files.sound,
  };
  return {
    facts: { family: "keyvid", config, ...describeKeyvid(recognised), precisions: ["fp32"] },
    name: plume.name ?? (recognised.isOfficialSize ? "KeyVID" : undefined),
    specs,
    resolve: (spec) => sources[partOf(spec.key)].resolve(spec),
    expectedBytes: plannedBytes(specs) - plannedBytes(likelyCopies(config)),
    files: paths,
  };
}

function plan(files: readonly CheckpointFile[], { loras }: PlanOptions): Promise<InstallPlan> {
  if (loras.length > 0)
    throw new StudioError(
      "MODEL_WRONG_KIND",
      "LoRAs are merged into Hummingbird models only: install KeyVID without one.",
    );
  return Promise.resolve(planKeyvid(files));
}

/** Checkpoints in the file's own folder and below, and beside the folders of the official release. */
async function companions(path: string): Promise<readonly string[]> {
  const folder = dirname(path);
  const around = [folder];
  if (officialFolders.has(basename(folder))) around.push(dirname(folder), dirname(dirname(folder)));
  const found: string[] = [];
  for (const [steps, place] of around.entries()) {
    // Two levels above a file of the release only ImageBind's own file is of use.
    found.push(...(await findCheckpoints(place, steps === 2 ? 0 : COMPANION_DEPTH)));
  }
  return [...new Set(found)];
}

export const keyvidFamily: ModelFamily = {
  id: "keyvid",
  owns: looksLikeKeyvid,
  companions,
  plan,
  parameters: (manifest) => keyvidParameters(manifestOf("keyvid", manifest).config),
  probe: (manifest, weights, options) => probeKeyvid(manifestOf("keyvid", manifest), weights, options),
};
