import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { StudioError } from "../../../core/contract/index.ts";
import type { Timeline } from "../../../core/timeline/index.ts";
import { parseJournal } from "../journal.ts";
import {
  type JournalLine,
  type ProjectFile,
  type Reading,
  readProjectFile,
  readTimeline,
  replay,
  soundLines,
} from "./format.ts";
import { backupNames, type ProjectPlace } from "./place.ts";

/** Larger files are none of ours, and would only fill the memory. */
const MAX_BYTES = 512 * 2 ** 20;

export interface LoadedProject {
  readonly timeline: Timeline;
  readonly revision: number;
  readonly savedAt: string;
  /** Revision of the file or backup that was read; the rest came from the journal. */
  readonly fileRevision: number;
  /** Lines of the journal that came after it. */
  readonly recovered: readonly JournalLine[];
  /** All lines that lead to `revision`, those that the file holds already too: a backup may need them one day. */
  readonly lines: readonly JournalLine[];
  /** Lines that lead nowhere: the journal goes on after something that is missing. */
  readonly lost: number;
  /** Made by a newer studio: to be looked at only. */
  readonly newer: boolean;
  /** Brought from an older version of the file. */
  readonly migrated: boolean;
  /** Name of the backup that was read because the file could not be. */
  readonly backup: string | null;
}

/**
 * Reads a project as it was at its last accepted edit: the file, or where it is damaged the newest backup that is not, and the journal's
 * edits since. Changes nothing on disk. Errors: NOT_FOUND, PROJECT_DAMAGED, PROJECT_READ_ONLY (made by a newer studio and not to be
 * understood).
 */
export async function loadProject(place: ProjectPlace): Promise<LoadedProject> {
  const lines = parseJournal((await readPlain(place.journal).catch(() => null)) ?? Buffer.alloc(0)).values;
  const text = await readText(place.file);
  const backups = await backupNames(place.backups);
  if (text === null && backups.length === 0)
    throw new StudioError(
      "NOT_FOUND",
      `There is no project in ${basename(place.folder)}: choose a project's folder, or its .plume file.`,
    );
  const reasons: string[] = [];
  const use = (found: string | null, backup: string | null): LoadedProject | null => {
    const file = found === null ? null : readProjectFile(found);
    if (file === null) reasons.push(`${backup ?? "project file"}: no project file`);
    return file === null ? null : finish(file, lines, backup, reasons);
  };
  const whole = use(text, null);
  if (whole !== null) return whole;
  for (const name of backups) {
    const loaded = use(await readText(join(place.backups, name)), name);
    if (loaded !== null) return loaded;
  }
  throw new StudioError(
    "PROJECT_DAMAGED",
    `The project ${basename(place.folder)} is damaged and no backup of it can be read: restore its folder from a copy of yours.`,
    reasons.slice(0, 20).join("\n"),
  );
}

function finish(
  file: ProjectFile,
  lines: readonly unknown[],
  backup: string | null,
  reasons: string[],
): LoadedProject | null {
  const replayed = replay(file, lines);
  let [reading, applied, revision]: [Reading, JournalLine[], number] = [
    readTimeline(replayed.file),
    replayed.applied,
    replayed.file.revision,
  ];
  // Should the journal lead to something unsound, the file alone is the last good state.
  if (reading.kind === "damaged" && applied.length > 0)
    [reading, applied, revision] = [readTimeline(file), [], file.revision];
  const sound = soundLines(lines);
  const facts = {
    lines: sound.filter((line) => line.revision <= revision),
    lost: sound.filter((line) => line.revision > revision).length,
    revision,
    savedAt: file.savedAt,
    fileRevision: file.revision,
    recovered: applied,
    backup,
  };
  if (reading.kind === "sound")
    return { ...facts, timeline: reading.timeline, newer: false, migrated: reading.migrated };
  if (reading.kind === "damaged") {
    reasons.push(...reading.reasons.slice(0, 5).map((reason) => `${backup ?? "project file"}: ${reason}`));
    return null;
  }
  if (reading.timeline !== null) return { ...facts, timeline: reading.timeline, newer: true, migrated: false };
  throw new StudioError(
    "PROJECT_READ_ONLY",
    "This project was made by a newer Plume Studio and cannot be shown by this one: update the studio.",
  );
}

async function readText(path: string): Promise<string | null> {
  return (await readPlain(path))?.toString("utf8") ?? null;
}

/** Null where there is no plain file of a size that makes sense: reading a pipe or a device would never end. */
async function readPlain(path: string): Promise<Buffer | null> {
  const info = await stat(path).catch(() => null);
  return info === null || !info.isFile() || info.size > MAX_BYTES ? null : readFile(path);
}
