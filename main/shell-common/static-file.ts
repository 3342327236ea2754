import { realpath, stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";

/** File types that the renderer's build consists of; anything else is not served. */
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".mp4": "video/mp4",
};

/**
 * The path inside the renderer's folder that a URL path names, as segments, or null when it names nothing we serve. Escapes are
 * decoded once; every segment must then be a plain file name, so "..", backslashes, drive letters, NUL, hidden files and doubly
 * escaped dots cannot name anything.
 */
export function staticSegments(urlPath: string): readonly string[] | null {
  if (!urlPath.startsWith("/")) return null;
  let path: string;
  try {
    path = decodeURIComponent(urlPath);
  } catch {
    return null;
  }
  if (path === "/") return ["index.html"];
  const segments = path.slice(1).split("/");
  return segments.every((segment) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(segment)) ? segments : null;
}

export interface StaticFile {
  readonly path: string;
  readonly size: number;
  readonly type: string;
  /** True when the file's name carries its content's hash, so that it never changes. */
  readonly immutable: boolean;
}

/** Finds a file of the renderer's build; null when there is none, when it is a folder, or when a link leads outside `folder`. */
export async function findStatic(folder: string, urlPath: string): Promise<StaticFile | null> {
  const segments = staticSegments(urlPath);
  if (!segments) return null;
  const type = types[extname(segments.at(-1) ?? "").toLowerCase()];
  if (!type) return null;
  try {
    const home = await realpath(folder);
    const path = await realpath(join(home, ...segments));
    if (!path.startsWith(home + sep)) return null;
    const facts = await stat(path);
    return facts.isFile() ? { path, size: facts.size, type, immutable: segments[0] === "assets" } : null;
  } catch {
    return null;
  }
}
