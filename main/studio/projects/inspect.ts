import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { FLICKS_PER_SECOND } from "../../../core/time/index.ts";
import { breaches, clipsOf, laneOf } from "../../../core/timeline/index.ts";
import { type LoadedProject, loadProject } from "./load.ts";
import { placeOf, projectFolder } from "./place.ts";

/** What `plume project` tells about a project on disk, open or not. Changes nothing. */
export interface ProjectReport {
  readonly name: string;
  readonly revision: number;
  readonly savedAt: string;
  readonly seconds: number;
  readonly tracks: number;
  readonly clips: number;
  readonly media: readonly { readonly name: string; readonly path: string; readonly missing: boolean }[];
  /** Changes since the last save, read from the journal. */
  readonly recovered: number;
  /** What is wrong, one sentence each; none for a sound project. */
  readonly problems: readonly string[];
}

/** Errors: those of `loadProject`. @param path the project's folder, or the file in it */
export async function inspectProject(path: string): Promise<ProjectReport> {
  const folder = projectFolder(path);
  const loaded = await loadProject(placeOf(folder));
  const { timeline } = loaded;
  const media = await Promise.all(
    Object.values(timeline.media).map(async (reference) => {
      const info = await stat(resolve(folder, reference.path)).catch(() => null);
      return { name: reference.name, path: reference.path, missing: info === null };
    }),
  );
  return {
    name: basename(folder),
    revision: loaded.revision,
    savedAt: loaded.savedAt,
    seconds: Math.max(0, ...timeline.tracks.map((track) => laneOf(track).end)) / FLICKS_PER_SECOND,
    tracks: timeline.tracks.length,
    clips: [...clipsOf(timeline)].length,
    media,
    recovered: loaded.recovered.length,
    problems: problemsOf(loaded, media),
  };
}

function problemsOf(loaded: LoadedProject, media: ProjectReport["media"]): string[] {
  return [
    ...(loaded.backup === null ? [] : [`The project file is damaged; what is told here comes from ${loaded.backup}.`]),
    ...(loaded.newer ? ["The project was made by a newer Plume Studio and can only be looked at."] : []),
    ...(loaded.lost === 0 ? [] : [`${loaded.lost} changes in the journal do not fit to the project file.`]),
    ...breaches(loaded.timeline).map((breach) => `Unsound: ${breach}.`),
    ...media.filter(({ missing }) => missing).map(({ name, path }) => `The media ${name} is not at ${path}.`),
  ];
}
