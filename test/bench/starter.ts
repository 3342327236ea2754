/**
 * What the bundled starter model can do, judged on clips that the studio's own engine makes from held-out prompts: (family, colour)
 * pairs that training never saw. Aims: family 85 %, colour 90 %, direction 80 %.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openTextToVideo } from "../../native-models/index.ts";
import { installCheckpoint, packSummary } from "../../native-models/pack/index.ts";
import { type Accuracy, accuracy, type EvaluationPrompt, evaluationPrompts, Judge, type Reading } from "./judge.ts";

const assets = fileURLToPath(new URL("../../assets/models/", import.meta.url));
const aims = { family: 0.85, colour: 0.9, direction: 0.8 };

export interface StarterResult {
  readonly heldOut: Accuracy;
  /** The same clips against other clips' labels: what guessing gives. */
  readonly chance: Accuracy;
  readonly byFamily: Readonly<Record<string, Accuracy>>;
  /** Wanted family → families read instead. */
  readonly confusion: Readonly<Record<string, readonly string[]>>;
  readonly secondsPerClip: number;
  readonly aims: typeof aims;
}

/** Prompts of `--quick`: two of each family. */
const QUICK = 18;
/** Seconds between two lines of progress. */
const PATIENCE = 10;

/**
 * Says how far it is every few seconds, and the table at the end.
 * @param limit judge only this many prompts (families come in turn)
 * @param quick judge two prompts of each family: a rough sign only
 */
export async function benchStarter(
  say: (line: string) => void,
  { threads, limit, quick = false }: { threads: number; limit?: number; quick?: boolean },
): Promise<StarterResult> {
  const work = await mkdtemp(join(tmpdir(), "plume-bench-starter-"));
  try {
    const judge = await Judge.open(join(assets, "judge"));
    const all = await evaluationPrompts(join(assets, "judge"));
    const prompts = all.slice(0, limit ?? (quick ? QUICK : undefined));
    const folder = join(work, "pack");
    const manifest = await installCheckpoint({ file: join(assets, "starter.ckpt"), destination: folder });
    const { defaults } = packSummary(manifest);
    const pipeline = await openTextToVideo(folder, { threads, precision: "fp32" });
    const readings: Reading[] = [];
    const started = performance.now();
    let told = started;
    say(`${prompts.length} of ${all.length} prompts of (family, colour) pairs never trained on`);
    for (const { prompt, seed } of prompts) {
      const frames: Uint8Array[] = [];
      await pipeline.generate(
        { ...defaults, model: manifest.id, prompt, negativePrompt: "", seed },
        {
          signal: new AbortController().signal,
          progress: () => {},
          preview: () => {},
          frame: (_, rgb) => void frames.push(rgb),
        },
      );
      readings.push(judge.read(frames, defaults.width, defaults.height));
      if (performance.now() - told > PATIENCE * 1000 && readings.length < prompts.length) {
        told = performance.now();
        const each = (told - started) / 1000 / readings.length;
        const left = each * (prompts.length - readings.length);
        say(`  ${readings.length} of ${prompts.length}, ${each.toFixed(1)} s a clip, about ${left.toFixed(0)} s left`);
      }
    }
    const secondsPerClip = (performance.now() - started) / 1000 / prompts.length;
    await pipeline.close();
    const result = summarise(readings, prompts, secondsPerClip);
    for (const line of lines(result)) say(line);
    return result;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function summarise(
  readings: readonly Reading[],
  prompts: readonly EvaluationPrompt[],
  secondsPerClip: number,
): StarterResult {
  const families = [...new Set(prompts.map(({ family }) => family))];
  const of = (family: string) => prompts.flatMap((wanted, i) => (wanted.family === family ? [i] : []));
  // Half the list on: neighbours in the list belong to neighbouring families, so no label meets its own clip.
  const shifted = prompts.map((_, i) => prompts[(i + Math.floor(prompts.length / 2) + 1) % prompts.length]!);
  return {
    heldOut: accuracy(readings, prompts),
    chance: accuracy(readings, shifted),
    byFamily: Object.fromEntries(
      families.map((family) => [
        family,
        accuracy(
          of(family).map((i) => readings[i]!),
          of(family).map((i) => prompts[i]!),
        ),
      ]),
    ),
    confusion: Object.fromEntries(
      families.map((family) => [
        family,
        of(family).flatMap((i) => (readings[i]!["family"] === family ? [] : [readings[i]!["family"]!])),
      ]),
    ),
    secondsPerClip,
    aims,
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`.padStart(5);

function lines({ heldOut, chance, byFamily, confusion, secondsPerClip }: StarterResult): string[] {
  const row = (name: string, { family, colour, direction, clips }: Accuracy) =>
    `${name.padEnd(14)} family ${percent(family)}   colour ${percent(colour)}   direction ${percent(direction)}   (${clips} clips)`;
  return [
    row("held-out", heldOut),
    row("chance", chance),
    `aims           family ${percent(aims.family)}   colour ${percent(aims.colour)}   direction ${percent(aims.direction)}`,
    ...Object.entries(byFamily).map(([family, result]) => {
      const wrong = confusion[family] ?? [];
      return `  ${row(family, result)}${wrong.length > 0 ? `, read as ${wrong.join(", ")}` : ""}`;
    }),
    `${secondsPerClip.toFixed(2)} s a clip`,
  ];
}
