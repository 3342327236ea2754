import { resolve } from "node:path";
import { containerOf, readCredentials } from "../credentials/credentials.ts";
import type { MediaDesk } from "../media/desk.ts";
import { referenceOf } from "../projects/media.ts";
import { readProject } from "../projects/read.ts";
import type { ProjectService } from "../projects/service.ts";
import type { Studio } from "../studio.ts";
import { writeExchange } from "./exchange.ts";
import { type ExportService, recordsOfFile } from "./export-service.ts";
import { byFingerprint } from "./gates.ts";
import { importTimeline, type LookInto } from "./import-timeline.ts";
import { TimelineDesk } from "./timeline-desk.ts";

export type DiskProjects = Pick<
  Studio,
  | "exportTo"
  | "forecast"
  | "exchangeTo"
  | "importTimeline"
  | "openTimeline"
  | "uploadTimeline"
  | "recordsOf"
  | "credentialsOf"
>;

/** Takes a file into the studio's media, and tells what a project says of it. */
export function lookIntoFile(desk: MediaDesk): LookInto {
  return async (path, folder) => {
    const media = await desk.importFile(path);
    return media === null ? null : referenceOf(await desk.sources.get(media.id), folder);
  };
}

/**
 * Export and exchange of projects on disk, open or not: what the command line asks for, and timelines that a shell is handed.
 * @param scratch folder for half uploads
 */
export function diskProjects(
  service: ExportService,
  desk: MediaDesk,
  projects: ProjectService,
  scratch: string,
): DiskProjects {
  const lookInto = lookIntoFile(desk);
  const timelines = new TimelineDesk(projects, lookInto, scratch);
  return {
    async exportTo(path, settings, destination) {
      const { folder, timeline } = await readProject(path);
      const target = { ...destination, file: resolve(destination.file) };
      return service.enqueue(timeline, settings(timeline.settings), byFingerprint(folder), target);
    },
    async forecast(path, settings) {
      const { folder, timeline } = await readProject(path);
      return service.forecast(timeline, settings(timeline.settings), byFingerprint(folder));
    },
    async exchangeTo(path, format, destination) {
      const project = await readProject(path);
      return writeExchange(project, byFingerprint(project.folder), format, destination);
    },
    openTimeline: (path) => timelines.open(path),
    uploadTimeline: (name, bytes) => timelines.upload(name, bytes),
    async credentialsOf(path) {
      const container = containerOf(path);
      return container === null ? null : readCredentials(resolve(path), container);
    },
    recordsOf: (path) => recordsOfFile(resolve(path)),
    async importTimeline(path, folder) {
      const made = await importTimeline(path, folder, lookInto);
      return { folder: made.folder, notes: made.notes };
    },
  };
}
