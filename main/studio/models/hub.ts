/** Addresses of the hub, its mirrors, and its cache on this disk. */
import { readdir, realpath, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import type { CatalogueEntry, CatalogueFile } from "../../../core/contract/index.ts";

export const HUB = "https://huggingface.co";

/** Where a file comes from. Files with an address of their own do not lie on the hub, and so on none of its mirrors. */
export function fileUrl(entry: CatalogueEntry, file: CatalogueFile, base: string): string {
  if (file.url !== undefined || entry.source.kind !== "hub") return file.url ?? entry.page;
  const { repository, revision } = entry.source;
  const path = file.path.split("/").map(encodeURIComponent).join("/");
  return `${base.replace(/\/+$/, "")}/${repository}/resolve/${revision}/${path}`;
}

/** Where the hub's own programs keep what they fetched. */
function cacheFolders(env: NodeJS.ProcessEnv): string[] {
  const home = env["HF_HOME"] || join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "huggingface");
  return [env["HF_HUB_CACHE"], env["HUGGINGFACE_HUB_CACHE"], join(home, "hub")].filter((each) => each !== undefined);
}

/** A file on this disk that may be the one that is wanted. */
export interface Candidate {
  readonly path: string;
  readonly bytes: number;
  /** sha256 that the hub's cache has put it down under: it checks what it fetches. Null: it has no such name. */
  readonly named: string | null;
}

/** What the hub's cache holds of this file: `models--OWNER--NAME/snapshots/COMMIT/FILE`, which links to `blobs/SHA256`. */
export async function cached(
  entry: CatalogueEntry,
  file: CatalogueFile,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Candidate[]> {
  if (entry.source.kind !== "hub" || file.url !== undefined) return [];
  const name = `models--${entry.source.repository.replace("/", "--")}`;
  const found: Candidate[] = [];
  for (const cache of new Set(cacheFolders(env))) {
    const snapshots = join(cache, name, "snapshots");
    for (const commit of await readdir(snapshots).catch(() => [])) {
      const candidate = await look(join(snapshots, commit, ...file.path.split("/")));
      if (candidate !== null && !found.some(({ path }) => path === candidate.path)) found.push(candidate);
    }
  }
  return found;
}

/** The file of this path, or called as its last part, in a folder or right below it. */
export async function lying(file: CatalogueFile, folder: string): Promise<Candidate[]> {
  const name = basename(file.path);
  const places = [join(folder, ...file.path.split("/")), join(folder, name)];
  for (const below of await readdir(folder, { withFileTypes: true }).catch(() => []))
    if (below.isDirectory()) places.push(join(folder, below.name, name));
  const found: Candidate[] = [];
  for (const place of places) {
    const candidate = await look(place);
    if (candidate !== null && !found.some(({ path }) => path === candidate.path)) found.push(candidate);
  }
  return found;
}

async function look(place: string): Promise<Candidate | null> {
  try {
    const path = await realpath(place);
    const info = await stat(path);
    if (!info.isFile()) return null;
    return { path, bytes: info.size, named: /^[0-9a-f]{64}$/.exec(basename(path))?.[0] ?? null };
  } catch {
    return null;
  }
}
