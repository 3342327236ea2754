import type { ProjectReport, Studio } from "../studio/index.ts";
import type { Output } from "./output.ts";

/** `plume project info FOLDER` */
export async function projectInfo(studio: Studio, folder: string, output: Output): Promise<void> {
  const report = await studio.inspectProject(folder);
  output.result({ project: report }, [...describe(report), ...report.problems].join("\n"));
}

/** `plume project check FOLDER`: bad news when anything is wrong with it. */
export async function projectCheck(studio: Studio, folder: string, output: Output): Promise<void> {
  const report = await studio.inspectProject(folder);
  const well = report.problems.length === 0;
  output.result(
    { project: report },
    well ? `${report.name} is sound, and all its media are there.` : report.problems.join("\n"),
    well,
  );
}

function describe({ name, revision, savedAt, seconds, tracks, clips, media, recovered }: ProjectReport): string[] {
  const lines = [
    `${name}: ${clips} ${clips === 1 ? "clip" : "clips"} on ${tracks} tracks, ${seconds.toFixed(2)} s, ${media.length} media`,
    `change ${revision}, saved ${savedAt}`,
  ];
  return recovered === 0 ? lines : [...lines, `${recovered} changes since then are in the journal and will be there`];
}
