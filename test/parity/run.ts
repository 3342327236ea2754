/**
 * `npm run parity -- FOLDER`: every case of a golden folder's manifest, one line each, then `N passed, N failed`.
 * Exit code 0 only when there was at least one case and none failed.
 */
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { GoldenFolderError, readManifest, verifyFiles } from "./golden-folder.ts";
import { hummingbirdParity } from "./hummingbird/index.ts";
import type { ParityKind } from "./kind.ts";
import { keyvidParity } from "./keyvid/index.ts";
import { patnetParity } from "./patnet/index.ts";
import { Report } from "./report.ts";

const kinds: readonly ParityKind[] = [hummingbirdParity, patnetParity, keyvidParity];

/**
 * Runs every case of the folder and prints a line for each.
 * @throws GoldenFolderError when the folder cannot be used: no manifest, an unknown kind, a missing or changed file, no case
 */
export async function runParity(folder: string, print: (line: string) => void): Promise<Report> {
  const manifest = await readManifest(folder);
  const kind = kinds.find((candidate) => candidate.recognises(manifest));
  if (!kind)
    throw new GoldenFolderError(
      `The manifest in ${folder} is of no kind that is known here (${kinds.map(({ name }) => name).join(", ")}).`,
    );
  await verifyFiles(folder, kind.files(manifest));
  const report = new Report(print);
  await kind.run(folder, manifest, report);
  if (report.outcomes.length === 0) throw new GoldenFolderError(`The folder ${folder} holds no case.`);
  return report;
}

async function main(args: readonly string[]): Promise<number> {
  const [folder] = args;
  if (folder === undefined || args.length > 1) {
    console.error("Name one golden folder: npm run parity -- FOLDER");
    return 1;
  }
  try {
    const report = await runParity(folder, (line) => console.log(line));
    const missed = report.outcomes.filter((outcome) => outcome.passed && outcome.tightMissed).length;
    if (missed > 0) console.log(`Within tolerance, but outside the tight bound: ${missed}`);
    console.log(`${report.passed} passed, ${report.failed} failed`);
    return report.failed === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof GoldenFolderError)) throw error;
    console.error(error.message);
    return 1;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  process.exitCode = await main(process.argv.slice(2));
