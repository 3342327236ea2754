/** Goldens of KeyVID: which check belongs to which file. */
import { GoldenFile } from "../golden-folder.ts";
import type { ParityKind } from "../kind.ts";
import { checkMelFilters, checkSound } from "./audio.ts";
import { type Check, Context, stemOf } from "./context.ts";
import { checkClipPicture, checkPictures } from "./image.ts";
import { checkCheckpoint } from "./checkpoint.ts";
import { checkSelection } from "./keyframes.ts";
import { checkImagebind, checkLocalizer } from "./sound-networks.ts";
import { checkResampler, checkText, checkTokenizer, checkVision } from "./towers.ts";
import { checkUnet } from "./unet.ts";
import { checkVae } from "./vae.ts";
import { type GoldenEntry, isKeyvidManifest, namedFiles, parseManifest } from "./manifest.ts";
import { checkInterpolationStage, checkKeyframeLoop, checkKeyframeStage, checkRun } from "./sampling.ts";
import { checkBuffers, checkSchedule } from "./schedule.ts";

/** Which check runs a safetensors file. */
const checks: readonly (readonly [RegExp, Check])[] = [
  [/^audio\/mel_filterbank\./u, checkMelFilters],
  [/^audio\//u, checkSound],
  [/^image\//u, checkPictures],
  [/^clip\/preprocess\./u, checkClipPicture],
  [/^clip\/text\./u, checkText],
  [/^clip\/vision\./u, checkVision],
  [/^localizer\//u, checkLocalizer],
  [/^imagebind\//u, checkImagebind],
  [/^resampler\//u, checkResampler],
  [/^vae\//u, checkVae],
  [/^unet_keyframe\//u, checkUnet("keyframes")],
  [/^unet_interp\//u, checkUnet("interpolation")],
  [/^ddim\/ddpm_buffers\./u, checkBuffers],
  [/^ddim\/schedule_/u, checkSchedule],
  [/^ddim\/\w*loop/u, checkKeyframeLoop],
  [/^e2e\/stage1/u, checkKeyframeStage],
  [/^e2e\/stage2/u, checkInterpolationStage],
];

/** Which check runs a file of another kind. */
const otherChecks: readonly (readonly [RegExp, (context: Context, entry: GoldenEntry) => Promise<void>])[] = [
  [/^keyframes\/selection\.json$/u, checkSelection],
  [/^clip\/tokenizer\.json$/u, checkTokenizer],
  [/^ckpt\//u, checkCheckpoint],
  [/^e2e\/run\.json$/u, checkRun],
];

/** Files that are only inputs of checks. */
const isInput = (file: string) => /\.(?:wav|png)$|^keyframes\/curves\./u.test(file);

export const keyvidParity: ParityKind = {
  name: "KeyVID",
  recognises: isKeyvidManifest,
  files: namedFiles,
  async run(folder, raw, report) {
    const context = new Context(folder, parseManifest(raw), report);
    try {
      await runAll(context);
    } finally {
      await context.close();
    }
  },
};

async function runAll(context: Context): Promise<void> {
  const { report } = context;
  for (const entry of context.manifest.files) {
    if (isInput(entry.file)) continue;
    const stem = stemOf(entry.file);
    await report.guard(stem, async () => {
      const other = otherChecks.find(([pattern]) => pattern.test(entry.file))?.[1];
      const check = checks.find(([pattern]) => pattern.test(entry.file))?.[1];
      if (other) await other(context, entry);
      else if (check && entry.file.endsWith(".safetensors")) await runCheck(check, context, entry);
      else report.verdict(stem, "no check knows what to do with this file");
    });
  }
  // An input that nobody looked at means that a check is missing.
  for (const { file } of context.manifest.files.filter((entry) => isInput(entry.file)))
    if (!context.isUsed(file)) report.verdict(file, "no check used this file");
}

async function runCheck(check: Check, context: Context, entry: GoldenEntry): Promise<void> {
  const { report } = context;
  const stem = stemOf(entry.file);
  const file = await GoldenFile.open(context.folder, entry.file, Object.keys(entry.tensors ?? {}));
  try {
    await check(context, file, entry);
    // A golden that nobody looks at must not pass in silence.
    const failed = new Set(report.outcomes.filter(({ passed }) => !passed).map(({ name }) => name));
    for (const unused of file.unused.filter((tensor) => !failed.has(`${stem}.${tensor}`)))
      report.verdict(`${stem}.${unused}`, "no check used this tensor");
  } finally {
    await file.close();
  }
}
