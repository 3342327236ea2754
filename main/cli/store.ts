/** `plume models` where it is about what can be had: the catalogue, downloads, where models lie. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import {
  type CatalogueCard,
  downloadBytes,
  type ModelSettings,
  type ModelSettingsState,
  neededFiles,
  StudioError,
} from "../../core/contract/index.ts";
import type { Studio } from "../studio/index.ts";
import { number } from "./arguments.ts";
import { installed, weightFormat } from "./models.ts";
import { bytes, describe, type Output } from "./output.ts";

export interface DownloadCommandOptions {
  readonly acceptLicence?: boolean;
  readonly from?: string;
  readonly int8?: boolean;
  readonly weights?: string;
}

export interface SettingsCommandOptions {
  readonly mirror?: string;
  readonly proxy?: string;
  readonly connections?: string;
  readonly keepCheckpoints?: string;
}

/** True for the id of a catalogue entry, unless a file or folder is called so. */
export async function isEntry(studio: Studio, text: string): Promise<boolean> {
  if (await stat(resolve(text)).catch(() => null)) return false;
  return (await studio.call("models.catalogue", {})).cards.some(({ entry }) => entry.id === text);
}

/** `plume models catalogue` */
export async function showCatalogue(studio: Studio, output: Output): Promise<void> {
  const store = await studio.call("models.catalogue", {});
  output.result({ catalogue: store }, store.cards.map(card).join("\n\n"));
}

function card({ entry, isInstalled, acceptedAt, arrivedBytes, hasRoom, roomBytes }: CatalogueCard): string {
  const { needs, licence, source } = entry;
  const size = downloadBytes(entry);
  const memory = needs.memoryBytes === null ? "" : `, about ${bytes(needs.memoryBytes)} of memory (${needs.basis})`;
  const lines = [
    `${entry.id}${isInstalled ? " (installed)" : ""}: ${entry.name}, by ${entry.maker}`,
    `  ${entry.about}`,
  ];
  if (source.kind === "hub")
    lines.push(
      `  ${neededFiles(entry).length === 1 ? "One file" : `${neededFiles(entry).length} files`}, ${bytes(size)} to download, ${bytes(needs.installedBytes)} installed${memory}`,
    );
  else lines.push(`  About ${bytes(needs.installedBytes)} installed${memory}`, `  ${source.how}`);
  if (needs.smaller !== undefined)
    lines.push(
      `  In smaller weights (--weights): fp16 ${bytes(needs.smaller.fp16)}, int8 ${bytes(needs.smaller.int8)}, 4bit ${bytes(needs.smaller["4bit"])}; what they cost is measured while it is installed`,
    );
  if (arrivedBytes > 0) lines.push(`  ${bytes(arrivedBytes)} of it have arrived`);
  if (!hasRoom && !isInstalled && source.kind === "hub")
    lines.push(`  The disk has no room for it: it takes ${bytes(roomBytes)}`);
  lines.push(`  Licence: ${licence.name}${acceptedAt === null ? "" : `, accepted on ${acceptedAt.slice(0, 10)}`}`);
  return lines.join("\n");
}

/**
 * `plume models install ID`: downloads and converts. Errors: LICENCE_NOT_ACCEPTED with the terms, until `--accept-licence` is given;
 * whatever ended the download or the conversion.
 */
export async function installEntry(
  studio: Studio,
  id: string,
  options: DownloadCommandOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { cards } = await studio.call("models.catalogue", {});
  const { entry, acceptedAt } = cards.find((each) => each.entry.id === id)!;
  if (acceptedAt === null) {
    if (options.acceptLicence !== true) {
      output.tell(terms(entry));
      throw new StudioError(
        "LICENCE_NOT_ACCEPTED",
        `${entry.name} has terms of its own: read them (${entry.licence.url}), then run this again with --accept-licence.`,
        terms(entry),
      );
    }
    await studio.call("models.accept", { id, version: entry.licence.version });
  }
  const jobs = await studio.downloadModel(id, {
    ...(options.from === undefined ? {} : { lookIn: resolve(options.from) }),
    ...(options.int8 === undefined ? {} : { int8: options.int8 }),
    ...(options.weights === undefined ? {} : { weights: weightFormat(options.weights) }),
  });
  const stop = studio.subscribe((event) => {
    if (event.type !== "job" || event.job.state !== "running") return;
    const { job } = event;
    if (job.kind !== "download" && job.kind !== "convert") return;
    const { done, total, phase, fraction } = job.progress;
    const counted = phase === "download" || phase === "verify" ? `, ${bytes(done)} of ${bytes(total)}` : "";
    const speed = job.speed === null ? "" : `, ${bytes(job.speed)}/s`;
    output.progress(fraction, `${describe(job.progress)}${counted}${speed}`);
  });
  const cancel = (): void => {
    for (const job of jobs) void studio.call("jobs.cancel", { id: job.id }).catch(() => {}); // ended in this very moment
  };
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel, { once: true });
  try {
    for (const { id: job } of jobs) {
      const { state, error } = await studio.ended(job);
      if (state === "cancelled")
        throw new StudioError("CANCELLED", "Stopped; what has arrived is kept: the same command goes on from there.");
      if (error !== null) throw StudioError.fromData(error);
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    stop();
    output.clear();
  }
  const model = (await studio.call("models.list", {})).find((each) => each.id === id)!;
  output.result({ model }, installed(model));
}

function terms({ name, licence, page }: CatalogueCard["entry"]): string {
  return [
    `${name}: ${licence.name}`,
    licence.summary,
    ...licence.may.map((each) => `  + ${each}`),
    ...licence.mayNot.map((each) => `  - ${each}`),
    `Its text: ${licence.url}`,
    `The model's page: ${page}`,
  ].join("\n");
}

/** `plume models discard ID` */
export async function discardDownload(studio: Studio, id: string, output: Output): Promise<void> {
  await studio.call("models.discard", { id });
  output.result({ discarded: id }, `What had arrived of ${id} is gone.`);
}

/** `plume models move FOLDER` */
export async function moveModels(studio: Studio, folder: string, output: Output, signal: AbortSignal): Promise<void> {
  await studio.models.move(resolve(folder), (step, fraction) => output.progress(fraction, step), signal);
  output.clear();
  output.result({ folder: studio.models.place }, `The models lie in ${studio.models.place} now.`);
}

const loginWords: Readonly<Record<ModelSettingsState["proxyLogin"], string>> = {
  none: "",
  session:
    ' (its name and password are not kept: a password is never written down as it is; set HTTPS_PROXY to the whole address instead, and --proxy "")',
  keychain: " (its name and password are in the keychain)",
};

/** `plume models settings` */
export async function modelSettings(studio: Studio, options: SettingsCommandOptions, output: Output): Promise<void> {
  const change: Partial<ModelSettings> = {
    ...(options.mirror === undefined ? {} : { mirror: options.mirror }),
    ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
    ...(options.connections === undefined ? {} : { connections: number(options.connections) }),
    ...(options.keepCheckpoints === undefined ? {} : { keepsCheckpoints: yes(options.keepCheckpoints) }),
  };
  const settings =
    Object.keys(change).length === 0
      ? await studio.call("models.settings", {})
      : await studio.call("models.configure", change);
  output.result(
    { settings },
    [
      `mirror: ${settings.mirror || "none, the hub itself"}`,
      `proxy: ${settings.proxy || "as this computer says (HTTPS_PROXY)"}${loginWords[settings.proxyLogin]}`,
      `connections: ${settings.connections}`,
      `keep checkpoints: ${settings.keepsCheckpoints ? "yes" : "no"}`,
      `access token: ${{ none: "none (set HF_TOKEN)", session: "for this session", keychain: "in the keychain", environment: "from HF_TOKEN" }[settings.token.kept]}`,
    ].join("\n"),
  );
}

function yes(text: string): boolean {
  if (text === "yes" || text === "no") return text === "yes";
  throw new StudioError("BAD_REQUEST", "--keep-checkpoints takes yes or no.");
}
