/** Goldens of KeyVID: which check belongs to which file. */
import { GoldenFile } from "../golden-folder.ts";
import type { ParityKind } from "../kind.ts";
import { checkMelFilters, checkSound } from "./audio.ts";
import { type Check, Context, stemOf } from "./context.ts";
import { checkClipPicture, checkPictures } from "./image.ts";
import { checkSelection } from "./keyframes.ts";
import { type GoldenEntry, isKeyvidManifest, namedFiles, parseManifest } from "./manifest.ts";
import { checkBuffers, checkSchedule } from "./schedule.ts";

/** Which check runs a safetensors file. */
const checks: readonly (readonly [RegExp, Check])[] = [
  [/^audio\/mel_filterbank\./u, checkMelFilters],
  [/^audio\//u, checkSound],
  [/^image\//u, checkPictures],
  [/^clip\/preprocess\./u, checkClipPicture],
  [/^ddim\/ddpm_buffers\./u, checkBuffers],
  [/^ddim\/schedule_/u, checkSchedule],
];

/** Which check runs a JSON file. */
const jsonChecks: readonly (readonly [RegExp, (context: Context, entry: GoldenEntry) => Promise<void>])[] = [
  [/^keyframes\/selection\.json$/u, checkSelection],
];

/** Files that are only inputs of checks. */
const isInput = (file: string) => /\.(?:wav|png|ckpt|pth)$|^keyframes\/curves\./u.test(file);

export const keyvidParity: ParityKind = {
  name: "KeyVID",
  recognises: isKeyvidManifest,
  files: namedFiles,
  async run(folder, raw, report) {
    const context = new Context(folder, parseManifest(raw), report);
    for (const entry of context.manifest.files) {
      if (isInput(entry.file)) continue;
      const stem = stemOf(entry.file);
      await report.guard(stem, async () => {
        const json = jsonChecks.find(([pattern]) => pattern.test(entry.file))?.[1];
        const check = checks.find(([pattern]) => pattern.test(entry.file))?.[1];
        if (json) await json(context, entry);
        else if (check && entry.file.endsWith(".safetensors")) await runCheck(check, context, entry);
        else report.verdict(stem, "no check knows what to do with this file");
      });
    }
    // An input that nobody looked at means that a check is missing.
    for (const { file } of context.manifest.files.filter((entry) => isInput(entry.file)))
      if (!context.isUsed(file)) report.verdict(file, "no check used this file");
  },
};

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
