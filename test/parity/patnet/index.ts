/** Goldens of PATNet: which check belongs to which file. */
import { join } from "node:path";
import { GoldenFile } from "../golden-folder.ts";
import type { ParityKind } from "../kind.ts";
import { checkBlock } from "./blocks.ts";
import { checkClassifier, checkProcedural } from "./classifier.ts";
import type { Case, Check } from "./context.ts";
import { checkDetector } from "./detector.ts";
import {
  checkClassifierCrops,
  checkDetectorResizes,
  checkDetectorSizes,
  checkRelativePositions,
} from "./exact-checks.ts";
import { isPatnetManifest, namedFiles, parseManifest } from "./manifest.ts";

/** Which check runs a safetensors file. */
const checks: readonly (readonly [RegExp, Check])[] = [
  [/^irpe\./u, checkRelativePositions],
  [/^preprocess\/expected_u8\./u, checkClassifierCrops],
  [/^preprocess\/det_expected_u8\./u, checkDetectorResizes],
  [/^blocks\//u, checkBlock],
  [/^cls\//u, checkClassifier],
  [/^det\//u, checkDetector],
  [/^procgen\//u, checkProcedural],
];

export const patnetParity: ParityKind = {
  name: "PATNet",
  recognises: isPatnetManifest,
  files: namedFiles,
  async run(folder, raw, report) {
    const { files } = parseManifest(raw);
    const paths = Object.keys(files);
    const used = new Set<string>();
    for (const [path, entry] of Object.entries(files)) {
      const stem = path.replace(/\.[^.]*$/u, "");
      const golden: Case = {
        report,
        path,
        stem,
        entry,
        paths,
        file(name) {
          used.add(name);
          return join(folder, name);
        },
      };
      if (path.endsWith("det_sizes.json")) await report.guard(stem, () => checkDetectorSizes(golden));
      if (!path.endsWith(".safetensors")) continue;
      used.add(path);
      const check = checks.find(([pattern]) => pattern.test(path))?.[1];
      if (!check) {
        report.verdict(stem, "no check knows what to do with this file");
        continue;
      }
      await report.guard(stem, async () => {
        const tensors = await GoldenFile.open(folder, path, Object.keys(entry.tensors ?? {}));
        try {
          await check(golden, tensors);
          // A golden that nobody looks at must not pass in silence.
          const failed = new Set(report.outcomes.filter(({ passed }) => !passed).map(({ name }) => name));
          for (const name of tensors.unused.filter((tensor) => !failed.has(`${stem}.${tensor}`)))
            report.verdict(`${stem}.${name}`, "no check used this tensor");
        } finally {
          await tensors.close();
        }
      });
    }
    for (const path of paths.filter((name) => !used.has(name))) report.verdict(path, "no check used this file");
  },
};
