import { z } from "zod";
import { definedOf } from "../defined.ts";
import { ok, type Result } from "../result.ts";
import { nameSchema, settingsSchema, type Timeline } from "../schema.ts";

export const setSettingsArguments = z.strictObject({
  name: nameSchema.min(1).optional(),
  ...settingsSchema.unwrap().partial().shape,
});

/** Renames the timeline, changes its frame rate, size, background, tempo. Times stay: another frame rate moves no clip. */
export function setSettings(
  document: Timeline,
  { name, ...changes }: z.infer<typeof setSettingsArguments>,
): Result<Timeline> {
  return ok({ ...document, name: name ?? document.name, settings: { ...document.settings, ...definedOf(changes) } });
}
