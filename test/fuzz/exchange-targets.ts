/** Timelines and subtitles of other programs: what is damaged, and what reads them. */
import {
  decodeText,
  ExchangeError,
  type Imported,
  readFcpxml,
  readOtio,
  readSubtitles,
  writeFcpxml,
  writeOtio,
  writeSrt,
  writeVtt,
} from "../../core/exchange/index.ts";
import { breaches } from "../../core/timeline/index.ts";
import { add, dissolved } from "../../core/timeline/testing/sample.ts";
import type { Original, Outcome } from "./targets.ts";

const ask = (read: () => void): Outcome => {
  try {
    read();
    return "opened";
  } catch (error) {
    if (error instanceof ExchangeError) return "refused";
    throw error;
  }
};

/** What is read must be a timeline that the editor can go on with. */
const timeline =
  (reader: (text: string) => Imported) =>
  (bytes: Uint8Array): Outcome =>
    ask(() => {
      const [breach] = breaches(reader(decodeText(bytes)).timeline);
      if (breach !== undefined) throw new Error(`not a sound timeline: ${JSON.stringify(breach)}`);
    });

const subtitles = (bytes: Uint8Array): Outcome => ask(() => void readSubtitles(decodeText(bytes)));

export function exchangeOriginals(): Original[] {
  const document = add(add(dissolved(), "V2", "over", "short", 10, 30), "A2", "music", "song", 48, 100);
  const cues = [
    { start: 0, end: 705_600_000, text: "One\nand two" },
    { start: 1_411_200_000, end: 2_116_800_000, text: "<i>Three</i> & four" },
  ];
  const texts: [string, string, Original["read"]][] = [
    ["FCPXML", writeFcpxml(document, ({ path }) => `file:///films/${encodeURI(path)}`).text, timeline(readFcpxml)],
    ["OTIO", writeOtio(document), timeline(readOtio)],
    ["SRT", writeSrt(cues), subtitles],
    ["WebVTT", writeVtt(cues), subtitles],
  ];
  return texts.map(([name, text, read]) => ({ name, bytes: Buffer.from(text), read }));
}
