import { createWriteStream } from "node:fs";
import { mkdir, rm, unlink } from "node:fs/promises";
import { basename, extname } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type OpenedTimeline, StudioError } from "../../../core/contract/index.ts";
import type { Timeline } from "../../../core/timeline/index.ts";
import { partPath } from "../../media/index.ts";
import type { ProjectService } from "../projects/service.ts";
import { type LookInto, importTimeline } from "./import-timeline.ts";

/** Bundles carry films. */
const MAX_BUNDLE_BYTES = 64 * 2 ** 30;

/** Timelines of other editors that a window hands over: each becomes a project in the studio's folder. */
export class TimelineDesk {
  private readonly projects: Pick<ProjectService, "newFolder" | "know">;
  private readonly lookInto: LookInto;
  /** Folder for half uploads, swept when the studio starts. */
  private readonly scratch: string;

  constructor(projects: Pick<ProjectService, "newFolder" | "know">, lookInto: LookInto, scratch: string) {
    this.projects = projects;
    this.scratch = scratch;
    this.lookInto = lookInto;
  }

  /** By path, from a shell that was handed it by the system. Errors: those of `readExchange`, OUTPUT_UNWRITABLE, DISK_FULL. */
  open(path: string): Promise<OpenedTimeline> {
    return this.into(titleOf(path), (folder) => importTimeline(path, folder, this.lookInto));
  }

  /** As bytes: only the media that a bundle brings along are taken in, whatever places the timeline names. Errors: as `open`. */
  async upload(name: string, bytes: AsyncIterable<Uint8Array>): Promise<OpenedTimeline> {
    return this.into(titleOf(name), async (folder) => {
      await mkdir(this.scratch, { recursive: true });
      const part = partPath(this.scratch);
      try {
        await pipeline(bytes, limited(MAX_BUNDLE_BYTES), createWriteStream(part, { flags: "wx" }));
        return await importTimeline(part, folder, this.lookInto, basename(name));
      } finally {
        await unlink(part).catch(() => {}); // never begun
      }
    });
  }

  private async into(
    name: string,
    work: (folder: string) => Promise<{ readonly timeline: Timeline; readonly notes: string[] }>,
  ): Promise<OpenedTimeline> {
    const { folder, title } = await this.projects.newFolder(name);
    try {
      const { timeline, notes } = await work(folder);
      return { project: await this.projects.know(folder), name: timeline.name || title, notes };
    } catch (error) {
      // It was made for this alone.
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }
}

const titleOf = (path: string): string => basename(path, extname(path)).trim() || "Timeline";

function limited(most: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > most)
        done(new StudioError("BAD_REQUEST", "This file is too large to be a timeline: choose another."));
      else done(null, chunk);
    },
  });
}
