/** Brings an entry's files together in one folder: from this disk where identical ones lie there, else over the network. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type CatalogueEntry, type CatalogueFile, neededFiles, StudioError } from "../../../core/contract/index.ts";
import { replaceFile } from "../files.ts";
import { type Downloaded, type DownloadOptions, download, peek } from "./download/download.ts";
import { arrivedBytes } from "./download/part-file.ts";
import type { Version } from "./download/part-file.ts";
import { type Candidate, cached, fileUrl, lying } from "./hub.ts";
import { share } from "./place.ts";

const receiptSchema = z.object({
  schema: z.literal("plume.receipt/1"),
  files: z.array(
    z.object({
      path: z.string(),
      bytes: z.number(),
      sha256: z.string(),
      commit: z.string().nullable(),
      /** What its bytes were compared with. */
      checkedAgainst: z.enum(["catalogue", "hub", "cache"]).nullable(),
      /** `disk`: an identical file was there already. */
      from: z.enum(["network", "disk"]),
    }),
  ),
});
export type Receipt = z.infer<typeof receiptSchema>;
type Received = Receipt["files"][number];

export interface FetchPlan {
  readonly entry: CatalogueEntry;
  /** Folder of this entry's own for what arrives. */
  readonly folder: string;
  /** The hub's address or a mirror's. */
  readonly base: string;
  readonly token: string | null;
  /** Folder to look in for files that were fetched otherwise. */
  readonly lookIn: string | null;
}

export interface FetchListener {
  /** Bytes that are there, of all. */
  progress(phase: "download" | "verify", done: number, total: number): void;
  /** Told before anything is written, with what is left to fetch. Errors: what it throws ends the work. */
  room(bytesLeft: number): Promise<void>;
}

const RECEIPT = "receipt.json";
/** Folder of the complete files inside the entry's own. */
export const filesFolder = (folder: string): string => join(folder, "files");

/** What is there already; an empty list where there is nothing. */
export async function readReceipt(folder: string): Promise<Receipt> {
  try {
    return receiptSchema.parse(JSON.parse(await readFile(join(folder, RECEIPT), "utf8")));
  } catch {
    return { schema: "plume.receipt/1", files: [] };
  }
}

/** Bytes of an entry that lie on the disk and are not installed. */
export async function arrived(folder: string): Promise<number> {
  const { files } = await readReceipt(folder);
  return (await arrivedBytes(folder)) + files.reduce((sum, file) => sum + file.bytes, 0);
}

/**
 * Fetches what is not there yet. Goes on from where an earlier run was broken off, in this process or another.
 * Errors: as `download`.
 */
export async function fetchFiles(
  plan: FetchPlan,
  options: Pick<DownloadOptions, "wire" | "signal" | "connections" | "pieceBytes" | "backOff" | "log">,
  listener: FetchListener,
): Promise<Receipt> {
  const { entry, folder } = plan;
  const files = neededFiles(entry);
  const have = new Map<string, Received>();
  for (const file of (await readReceipt(folder)).files)
    if ((await stat(join(filesFolder(folder), file.path)).catch(() => null))?.size === file.bytes)
      have.set(file.path, file);
  // Sizes become exact one after another, as servers tell them.
  const sizes = new Map(files.map((file) => [file.path, have.get(file.path)?.bytes ?? file.bytes]));
  const got = new Map([...have].map(([path, { bytes }]) => [path, bytes]));
  const tell = (phase: "download" | "verify", path: string, bytes: number, size?: number) => {
    if (size !== undefined) sizes.set(path, size);
    got.set(path, bytes);
    listener.progress(phase, sum(got), sum(sizes));
  };
  for (const file of files) {
    if (have.has(file.path)) continue;
    const received = (await adopt(file, plan, options, tell)) ?? (await overTheNetwork(file));
    have.set(file.path, received);
    tell("download", file.path, received.bytes, received.bytes);
    await note();
  }
  return note();

  async function overTheNetwork(file: CatalogueFile): Promise<Received> {
    const done: Downloaded = await download(
      {
        url: fileUrl(entry, file, plan.base),
        token: file.url === undefined ? plan.token : null,
        path: join(filesFolder(folder), file.path),
        parts: partsFolder(folder, file),
        size: file.isExact ? file.bytes : null,
        sha256: file.sha256,
      },
      {
        ...options,
        onProgress: (bytes, size) => tell("download", file.path, bytes, size),
        onVersion: async ({ size }: Version, bytes: number) => {
          sizes.set(file.path, size);
          await listener.room(sum(sizes) - sum(got) - bytes);
        },
      },
    );
    return { path: file.path, ...done, from: "network" };
  }

  async function note(): Promise<Receipt> {
    const receipt: Receipt = { schema: "plume.receipt/1", files: files.flatMap(({ path }) => have.get(path) ?? []) };
    await replaceFile(join(folder, RECEIPT), JSON.stringify(receipt, null, 2));
    return receipt;
  }
}

const sum = (values: ReadonlyMap<string, number>): number => [...values.values()].reduce((a, b) => a + b, 0);

/** What arrives of a file lies apart from other files, under a name that every system takes. */
const partsFolder = (folder: string, { path }: CatalogueFile): string =>
  join(folder, "parts", createHash("sha256").update(path).digest("hex").slice(0, 16));

/**
 * An identical file on this disk takes the download's place: of the stated size and checksum or, where nobody is there to state them,
 * one that the hub's own programs fetched and that still is what they noted.
 */
async function adopt(
  file: CatalogueFile,
  { entry, folder, base, token, lookIn }: FetchPlan,
  { wire, signal, log }: Pick<DownloadOptions, "wire" | "signal" | "log">,
  tell: (phase: "verify", path: string, bytes: number, size: number) => void,
): Promise<Received | null> {
  const candidates = [...(lookIn === null ? [] : await lying(file, lookIn)), ...(await cached(entry, file))];
  if (candidates.length === 0) return null;
  const stated = file.sha256 === null ? await peek(fileUrl(entry, file, base), token, { wire, signal }) : null;
  const wanted = file.sha256 ?? stated?.sha256 ?? null;
  for (const candidate of candidates) {
    const expected = wanted ?? candidate.named;
    const size = stated?.size ?? (file.isExact ? file.bytes : candidate.bytes);
    if (expected === null || candidate.bytes !== size) continue;
    const sha256 = await hash(candidate, signal, (bytes) => tell("verify", file.path, bytes, size));
    if (sha256 !== expected) {
      log?.(`${candidate.path} is not the file that was looked for`);
      continue;
    }
    const target = join(filesFolder(folder), file.path);
    await rm(target, { force: true });
    await share(candidate.path, target);
    const checkedAgainst = file.sha256 !== null ? "catalogue" : wanted !== null ? "hub" : "cache";
    return { path: file.path, bytes: size, sha256, commit: stated?.commit ?? null, checkedAgainst, from: "disk" };
  }
  return null;
}

async function hash({ path }: Candidate, signal: AbortSignal, onBytes: (bytes: number) => void): Promise<string> {
  const sha256 = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    if (signal.aborted) throw new StudioError("CANCELLED", "Stopped; what has arrived is kept.");
    sha256.update(chunk as Buffer);
    bytes += (chunk as Buffer).byteLength;
    onBytes(bytes);
  }
  return sha256.digest("hex");
}

/** What installing an entry's files takes: the one file, or the folder that they lie in. */
export function installable(entry: CatalogueEntry, folder: string): string {
  const files = neededFiles(entry);
  const [only] = files;
  return files.length === 1 ? join(filesFolder(folder), only!.path) : filesFolder(folder);
}
