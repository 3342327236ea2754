import { endOf, overlaps, type TimeRange } from "../time/index.ts";
import { laneOf, mediaOf, rangeOfPlaced, type Timeline } from "../timeline/index.ts";
import type { KeptRecord } from "./provenance.ts";

/**
 * What signed Content Credentials say of an exported film, as a manifest definition of the C2PA library (C2PA Specification 2.x, actions
 * `c2pa.actions.v2`): that it was created with a model, which generated clips were placed in it, and whether they were edited.
 */
export interface CredentialsDefinition {
  readonly claim_generator_info: readonly { readonly name: string; readonly version: string }[];
  readonly ingredients: readonly Readonly<Record<string, unknown>>[];
  readonly assertions: readonly { readonly label: string; readonly data: unknown }[];
}

const IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/";
/** The records themselves, signed with the rest. */
export const RECORDS_ASSERTION = "studio.plume.records";

/**
 * @param records as they may be told @param whole nothing but generated clips is seen @param isEdited they were changed
 * @param tool `Plume Studio 0.1.0`
 */
export function credentialsOf(
  records: readonly KeptRecord[],
  { whole, isEdited, tool }: { readonly whole: boolean; readonly isEdited: boolean; readonly tool: string },
): CredentialsDefinition {
  const [, name, version] = /^(.*?)(?: (\d[\w.+-]*))?$/.exec(tool)!;
  const agent = { name: name || "Plume Studio", version: version ?? "0" };
  const digitalSourceType = `${IPTC}${whole ? "trainedAlgorithmicMedia" : "compositeWithTrainedAlgorithmicMedia"}`;
  const ingredients = records.map((record, n) => ({
    title: `Generated clip ${n + 1}`,
    format: "video/mp4",
    relationship: "componentOf",
    label: `clip-${n + 1}`,
    // Made of what tells the clip from all others: the hash over its frames.
    ...(typeof record["framesSha256"] === "string"
      ? { instance_id: `urn:plume:frames:${record["framesSha256"]}` }
      : {}),
  }));
  const actions = [
    { action: "c2pa.created", digitalSourceType, softwareAgent: madeBy(records) ?? agent },
    ...ingredients.map(({ label }) => ({ action: "c2pa.placed", parameters: { ingredientIds: [label] } })),
    ...(isEdited ? [{ action: "c2pa.edited", softwareAgent: agent }] : []),
  ];
  return {
    claim_generator_info: [agent],
    ingredients,
    assertions: [
      { label: "c2pa.actions.v2", data: { actions } },
      { label: RECORDS_ASSERTION, data: { records } },
    ],
  };
}

/** The model, where all clips are of the same. */
function madeBy(records: readonly KeptRecord[]): { readonly name: string } | null {
  const names = new Set(
    records.map((record) => {
      const model = record["model"];
      return typeof model === "object" && model !== null && "name" in model ? String(model.name) : "";
    }),
  );
  const [name] = names;
  return names.size === 1 && name !== undefined && name !== "" ? { name } : null;
}

/** Whether a stretch of the timeline is more than one clip as it was generated. */
export function isEdited(document: Timeline, range: TimeRange): boolean {
  const seen = document.tracks.flatMap((track) =>
    track.muted ? [] : laneOf(track).placed.filter((item) => item.clip.enabled && overlaps(rangeOfPlaced(item), range)),
  );
  const [only] = seen;
  if (only === undefined || seen.length > 1) return true;
  const { clip, head, tail } = only;
  const available = mediaOf(document, clip)?.availableRange;
  const isWhole =
    available == null || (clip.sourceRange.start === available.start && endOf(clip.sourceRange) === endOf(available));
  return (
    !isWhole ||
    head !== null ||
    tail !== null ||
    clip.reversed ||
    clip.fadeIn > 0 ||
    clip.fadeOut > 0 ||
    Object.keys(clip.parameters).length > 0
  );
}
