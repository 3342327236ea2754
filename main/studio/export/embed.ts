import { copyFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { StudioError } from "../../../core/contract/index.ts";
import {
  credentialsOf,
  type ExportPlan,
  isEdited,
  recordsIn,
  withoutWords,
  writeXmp,
} from "../../../core/export/index.ts";
import { embedXmp } from "../../media/index.ts";
import { canHoldCredentials, maxSignedBytes, signFile } from "../credentials/credentials.ts";
import { signingIdentity } from "../credentials/identity.ts";
import type { ExportPlaces, ExportTask } from "./task.ts";

/**
 * Writes into a finished file how its generated clips were made, and signs it. Resolves with sentences about what the format has no place
 * for; a file that could not be signed stays as it was.
 */
export async function embedRecords(
  task: ExportTask,
  plan: ExportPlan,
  places: Pick<ExportPlaces, "target" | "work" | "identity">,
): Promise<string[]> {
  const { container, record } = plan.settings;
  if (record === "none") return [];
  const { records, whole } = recordsIn(task.document, plan.range);
  if (records.length === 0) return [];
  const told = record === "full" ? records : records.map(withoutWords);
  const isEmbedded = await embedXmp(places.target, container, writeXmp(told, whole, task.tool));
  const notes = isEmbedded
    ? []
    : [`A ${container} file has no place for how its clips were made: it is not written into it.`];
  if (!plan.settings.credentials || places.identity == null) return notes;
  const definition = credentialsOf(told, { whole, isEdited: isEdited(task.document, plan.range), tool: task.tool });
  const unsigned = await sign(container, definition, places, places.identity);
  // Signed, the file tells the records too, in whatever format.
  return unsigned === null ? [] : [...notes, unsigned];
}

/** Exchanges the file for a signed one. Resolves with a sentence where that could not be, else with null. */
async function sign(
  container: string,
  definition: ReturnType<typeof credentialsOf>,
  { target, work }: Pick<ExportPlaces, "target" | "work">,
  identity: string,
): Promise<string | null> {
  const info = await stat(target);
  if (info.isDirectory()) return "Numbered pictures carry no signed Content Credentials.";
  if (!canHoldCredentials(container)) return `A ${container} file has no place for signed Content Credentials.`;
  const most = maxSignedBytes(container);
  if (info.size > most)
    return `A ${container} file of this size cannot be signed with Content Credentials (${most / 2 ** 20} MB at most).`;
  const signed = join(work, `signed.${container}`);
  try {
    await signFile(target, container, definition, await signingIdentity(identity), signed);
    // The work folder may be on another disk: there a rename is refused.
    await rename(signed, target).catch(() => copyFile(signed, target));
    return null;
  } catch (cause) {
    const error = StudioError.from(cause);
    if (error.code === "DISK_FULL" || error.code === "OUTPUT_UNWRITABLE") throw error;
    return error.code === "BAD_REQUEST"
      ? error.message
      : `The file is not signed with Content Credentials. ${error.message}`;
  } finally {
    await rm(signed, { force: true });
  }
}
