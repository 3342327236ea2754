import { z } from "zod";
import { applyPatch, type Patch, PatchError } from "../../../core/history/index.ts";
import { breaches, type Timeline, timelineSchema } from "../../../core/timeline/index.ts";
import { parseJson } from "../parse-json.ts";

/** Version of the project file that this studio writes. Raise it with each change that an older studio would misread. */
export const PROJECT_VERSION = 1;

/** Turns a file of version n (the key) into one of version n + 1. Old steps stay for good: people open old projects. */
export type Migrations = Readonly<Record<number, (timeline: unknown) => unknown>>;
export const migrations: Migrations = {};

/** The project file: one JSON object that people can read, with the whole timeline in it. */
export interface ProjectFile {
  readonly version: number;
  /** Counts the changes of the project's whole life; tells which lines of the journal the file holds already. */
  readonly revision: number;
  readonly savedAt: string;
  /** As it was written by that version. */
  readonly timeline: unknown;
}

const fileSchema = z.looseObject({
  schema: z.string().regex(/^plume\.project\/\d+$/),
  revision: z.number().int().min(0),
  savedAt: z.string(),
  timeline: z.unknown(),
});

/** Reads the envelope. Null: damaged, or no project file at all. */
export function readProjectFile(text: string): ProjectFile | null {
  const parsed = fileSchema.safeParse(parseJson(text));
  if (!parsed.success) return null;
  const { schema, revision, savedAt, timeline } = parsed.data;
  return { version: Number(schema.split("/")[1]), revision, savedAt, timeline };
}

export const writeProjectFile = (timeline: Timeline, revision: number, savedAt: string): string =>
  `${JSON.stringify({ schema: `plume.project/${PROJECT_VERSION}`, revision, savedAt, timeline }, null, 2)}\n`;

/**
 * The timeline's name out of the begin of a project file, so that a list of projects need not read all of each. Null where it is not
 * there: the file was written by other hands.
 */
export function titleOf(head: string): string | null {
  const match = /"timeline":\s*\{\s*"name":\s*("(?:[^"\\\n]|\\.)*")/.exec(head);
  const title = match === null ? null : parseJson(match[1]!);
  return typeof title === "string" && title.trim() !== "" ? title : null;
}

/** One change in the journal: what makes revision `revision` of the one before, in a file of this version. */
export interface JournalLine {
  readonly version: number;
  readonly revision: number;
  readonly label: string;
  readonly patch: Patch;
}

const pathSchema = z.array(z.union([z.string(), z.number().int().min(0)]));
export const patchSchema: z.ZodType<Patch> = z.array(
  z.union([
    z.strictObject({ path: pathSchema, set: z.unknown() }),
    z.strictObject({ path: pathSchema, unset: z.literal(true) }),
    z.strictObject({
      path: pathSchema,
      at: z.number().int().min(0),
      remove: z.number().int().min(0),
      insert: z.array(z.unknown()),
    }),
  ]),
);
const lineSchema = z.object({ version: z.number(), revision: z.number().int(), label: z.string(), patch: patchSchema });

/**
 * The file with the changes of the journal that follow it, each exactly once and in order; lines that it holds already are passed over,
 * and the first that does not fit ends the replay. `applied` are the lines that were used.
 */
export function replay(file: ProjectFile, lines: readonly unknown[]): { file: ProjectFile; applied: JournalLine[] } {
  let current = file;
  const applied: JournalLine[] = [];
  for (const value of lines) {
    const parsed = lineSchema.safeParse(value);
    if (!parsed.success) break;
    const line = parsed.data;
    if (line.revision <= current.revision) continue;
    if (line.version !== file.version || line.revision !== current.revision + 1) break;
    try {
      current = { ...current, revision: line.revision, timeline: applyPatch(current.timeline, line.patch) };
    } catch (error) {
      if (error instanceof PatchError) break;
      throw error;
    }
    applied.push(line);
  }
  return { file: current, applied };
}

/** The lines that are lines, in order. */
export const soundLines = (values: readonly unknown[]): JournalLine[] =>
  values.flatMap((value) => {
    const parsed = lineSchema.safeParse(value);
    return parsed.success ? [parsed.data] : [];
  });

export type Reading =
  | { readonly kind: "sound"; readonly timeline: Timeline; readonly migrated: boolean }
  /** Of a later version: what this studio understands of it, or null. */
  | { readonly kind: "newer"; readonly timeline: Timeline | null }
  | { readonly kind: "damaged"; readonly reasons: readonly string[] };

/** Brings a timeline of any version to this one and checks everything that must hold for it. */
export function readTimeline(file: ProjectFile, steps = migrations, current = PROJECT_VERSION): Reading {
  if (file.version > current) return { kind: "newer", timeline: understood(file.timeline) };
  let value = file.timeline;
  for (let version = file.version; version < current; version++) {
    const step = steps[version];
    if (step === undefined) return { kind: "damaged", reasons: [`version ${version} is unknown`] };
    value = step(value);
  }
  const parsed = timelineSchema.safeParse(value);
  if (!parsed.success)
    return {
      kind: "damaged",
      reasons: parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`),
    };
  const reasons = breaches(parsed.data);
  if (reasons.length > 0) return { kind: "damaged", reasons };
  return { kind: "sound", timeline: parsed.data, migrated: file.version < current };
}

/** The timeline without the fields that this version does not know, where that is enough to show it. */
function understood(timeline: unknown): Timeline | null {
  let value = timeline;
  // Each round takes away what the check complains of; deeper fields may come to light only then.
  for (let round = 0; round < 20; round++) {
    const parsed = timelineSchema.safeParse(value);
    if (parsed.success) return breaches(parsed.data).length === 0 ? parsed.data : null;
    const unknown = parsed.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [],
    );
    if (unknown.length === 0) return null;
    value = applyPatch(
      value,
      unknown.map((path) => ({ path: path as (string | number)[], unset: true })),
    );
  }
  return null;
}
