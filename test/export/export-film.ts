import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { MaskFile } from "../../main/studio/export/mask-files.ts";
import type { ExportSettings } from "../../core/export/index.ts";
import type { Timeline } from "../../core/timeline/index.ts";
import type { MediaTools } from "../../main/media/index.ts";
import { stampOf } from "../../main/studio/export/media-files.ts";
import { renderExport } from "../../main/studio/export/render.ts";
import type { ExportListener, ExportOutcome } from "../../main/studio/export/task.ts";

/** Exports a timeline whose media lie in a folder, in this process. */
export async function exportFilm(
  tools: MediaTools,
  document: Timeline,
  settings: ExportSettings,
  folder: string,
  target: string,
  listener: Partial<ExportListener> = {},
  masks: readonly MaskFile[] = [],
  identity: string | null = null,
): Promise<ExportOutcome> {
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, "work-"));
  const media = await Promise.all(
    Object.values(document.media).map(async (reference) => {
      const path = join(folder, reference.path);
      return { reference, path, input: [`file:${path}`], stamp: (await stampOf(path)) ?? "" };
    }),
  );
  try {
    return await renderExport(
      tools,
      { document, settings, media, tool: "Plume Studio test" },
      { target, work, poster: settings.poster === null ? null : `${target}.png`, identity, masks },
      {
        progress: () => {},
        picture: () => {},
        go: () => Promise.resolve(),
        ...listener,
      },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
