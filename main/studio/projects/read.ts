import { readFile, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { StudioError } from "../../../core/contract/index.ts";
import type { Timeline } from "../../../core/timeline/index.ts";
import { readProjectFile, readTimeline } from "./format.ts";
import { loadProject } from "./load.ts";
import { placeOf, projectFolder } from "./place.ts";

/**
 * A project's timeline as it was at its last accepted edit, with the folder that its media's paths begin in. Opens nothing and changes
 * nothing. Errors: those of `loadProject`. @param path the project's folder, the file in it, or a copy of that under another name
 */
export async function readProject(path: string): Promise<{ readonly folder: string; readonly timeline: Timeline }> {
  const at = resolve(path);
  const info = await stat(at).catch(() => null);
  if (info === null) throw new StudioError("NOT_FOUND", `There is no project at ${basename(at)}: check its path.`, at);
  const folder = projectFolder(at);
  if (info.isDirectory() || folder !== at) {
    return { folder, timeline: (await loadProject(placeOf(folder))).timeline };
  }
  const file = readProjectFile(await readFile(at, "utf8"));
  if (file === null)
    throw new StudioError("PROJECT_DAMAGED", `${basename(at)} is no project, or damaged: choose a project's folder.`);
  const reading = readTimeline(file);
  if (reading.kind === "damaged")
    throw new StudioError(
      "PROJECT_DAMAGED",
      `${basename(at)} is damaged: restore it from a copy of yours.`,
      reading.reasons.join("\n"),
    );
  if (reading.timeline === null)
    throw new StudioError(
      "PROJECT_READ_ONLY",
      "This project was made by a newer Plume Studio and cannot be read by this one: update the studio.",
    );
  return { folder: dirname(at), timeline: reading.timeline };
}
