import { z } from "zod";
import { overlaps, type TimeRange } from "../time/index.ts";
import { laneOf, type MediaReference, mediaOf, rangeOfPlaced, type Timeline } from "../timeline/index.ts";

/**
 * How generated material in an exported file was made, as it is embedded: an XMP packet (ISO 16684-1) with IPTC's DigitalSourceType, which
 * says to everybody that a model made it, and the records themselves as JSON, from which this studio makes the clips again.
 */
export type KeptRecord = NonNullable<MediaReference["record"]>;
type Kept = KeptRecord;

const PLUME = "urn:plume-studio:export:1.0";
const IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/";

/** Records of the generated clips that are seen or heard in a range, each once; `whole` when nothing else is. */
export function recordsIn(
  document: Timeline,
  range: TimeRange,
): { readonly records: readonly Kept[]; readonly whole: boolean } {
  const records = new Map<string, Kept>();
  let whole = true;
  for (const track of document.tracks) {
    if (track.muted) continue;
    for (const item of laneOf(track).placed) {
      if (!item.clip.enabled || !overlaps(rangeOfPlaced(item), range)) continue;
      const media = mediaOf(document, item.clip);
      if (media?.record == null) whole &&= media === null;
      else records.set(media.id, media.record);
    }
  }
  return { records: [...records.values()], whole: whole && records.size > 0 };
}

/** The record without the words of its maker: prompts, and the names of the files that went in. */
export function withoutWords(record: Kept): Kept {
  return JSON.parse(JSON.stringify(record), (key, value: unknown) => {
    if (key === "negativePrompt" && typeof value === "string") return "";
    // A clip that was made of words alone has to have some.
    if (key === "prompt" && typeof value === "string") return record.schema === "plume.generation/1" ? LEFT_OUT : "";
    return key === "inputs" && typeof value === "object" && value !== null ? nameless(value) : value;
  }) as Kept;
}

/** Stands where a prompt was. */
export const LEFT_OUT = "(left out)";

const nameless = (inputs: object): object =>
  Object.fromEntries(
    Object.entries(inputs).map(([kind, input]) => [
      kind,
      typeof input === "object" && input !== null && "name" in input ? { ...input, name: "" } : input,
    ]),
  );

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const unescape = (text: string): string =>
  text.replaceAll("&quot;", '"').replaceAll("&gt;", ">").replaceAll("&lt;", "<").replaceAll("&amp;", "&");

/** @param tool what made the file, for example `Plume Studio 0.1.0` */
export function writeXmp(records: readonly Kept[], whole: boolean, tool: string): string {
  const source = `${IPTC}${whole ? "trainedAlgorithmicMedia" : "compositeWithTrainedAlgorithmicMedia"}`;
  return [
    '<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>',
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"',
    ` xmlns:plume="${PLUME}" xmp:CreatorTool="${escape(tool)}" Iptc4xmpExt:DigitalSourceType="${source}">`,
    `<plume:records>${escape(JSON.stringify(records))}</plume:records>`,
    "</rdf:Description></rdf:RDF></x:xmpmeta>",
    '<?xpacket end="r"?>',
  ].join("\n");
}

const recordsSchema = z.array(z.looseObject({ schema: z.string().max(100) })).max(10_000);

/** The records in an XMP packet of this studio's; none in one of others. */
export function readXmp(packet: string): Kept[] {
  const found = /<plume:records>([^<]*)<\/plume:records>/.exec(packet)?.[1];
  if (found === undefined || !packet.includes(PLUME)) return [];
  try {
    return recordsSchema.parse(JSON.parse(unescape(found)));
  } catch {
    return []; // cut off or edited: as good as none
  }
}
