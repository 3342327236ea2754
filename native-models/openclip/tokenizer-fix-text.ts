/**
 * Cleans text that people paste: curly quotes, ligatures, full-width letters, odd line breaks, control characters, colour codes of
 * terminals, garbled encodings. It does what the Python library ftfy does by default, because the reference tokenizer runs ftfy on
 * every prompt and its effects reach the tokens. Behaviour after ftfy's documentation (https://ftfy.readthedocs.io, "Fixing problems
 * with Unicode"), checked against recorded results of ftfy 6.3.
 */
import { unescapeStrictHtml } from "./tokenizer-html.ts";
import { repairMojibake, replaceC1Controls } from "./tokenizer-mojibake.ts";

/** Latin ligatures and digraphs that stand for legacy reasons only; æ, œ and ß are letters and stay. */
const ligatures: Readonly<Record<string, string>> = {
  Ĳ: "IJ",
  ĳ: "ij",
  ŉ: "ʼn",
  Ǳ: "DZ",
  ǲ: "Dz",
  ǳ: "dz",
  Ǆ: "DŽ",
  ǅ: "Dž",
  ǆ: "dž",
  Ǉ: "LJ",
  ǈ: "Lj",
  ǉ: "lj",
  Ǌ: "NJ",
  ǋ: "Nj",
  ǌ: "nj",
  ﬀ: "ff",
  ﬁ: "fi",
  ﬂ: "fl",
  ﬃ: "ffi",
  ﬄ: "ffl",
  ﬅ: "ſt",
  ﬆ: "st",
};

const terminalEscapes = new RegExp(`${String.fromCharCode(0x1b)}\\[[\\p{Nd};]*[a-zA-Z]`, "gu");
/** Controls that do not make white space (C1 is gone by then), deprecated Arabic ones, annotations, the byte-order mark. */
const unwantedControls = /(?![\t\n\f\r\u{80}-\u{9f}])\p{Cc}|[\u206a-\u206f\ufeff\ufff9-\ufffc]/gu;

/** Lines longer than this are cut, so that no step sees more at once. */
const LONGEST_SEGMENT = 1_000_000;

function fixOnce(text: string, unescape: boolean): string {
  return (
    replaceC1Controls(repairMojibake(unescape ? unescapeStrictHtml(text) : text))
      .replace(/[ĲĳŉǱ-ǳǄ-ǌﬀ-ﬆ]/gu, (ligature) => ligatures[ligature] ?? ligature)
      // Half-width and full-width forms and the ideographic space.
      .replace(/[\uff01-\uffef]/gu, (form) => form.normalize("NFKC"))
      .replaceAll("\u3000", " ")
      .replace(/[\u201c-\u201f]/gu, '"')
      .replace(/[\u02bc\u2018-\u201b]/gu, "'")
      .replace(/\r\n|[\r\u2028\u2029\x85]/gu, "\n")
      .toWellFormed()
      // Colours and cursor movements of terminals.
      .replace(terminalEscapes, "")
      .replace(unwantedControls, "")
      .normalize("NFC")
  );
}

/** A prompt of the longest allowed length needs at most this many rounds ("&amp;amp;amp;…" loses one level a round). */
const MOST_ROUNDS = 1000;

function fixSegment(segment: string, unescape: boolean): string {
  let current = segment;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const fixed = fixOnce(current, unescape);
    if (fixed === current) break;
    current = fixed;
  }
  return current;
}

/**
 * The cleaned text, line by line. From the first line with a "<" on, HTML references are left alone: the text may be meant as HTML.
 */
export function fixText(text: string): string {
  let unescape = true;
  let fixed = "";
  for (let position = 0; position < text.length; ) {
    const lineEnd = text.indexOf("\n", position) + 1 || text.length;
    const end = Math.min(lineEnd, position + LONGEST_SEGMENT);
    const segment = text.slice(position, end);
    if (segment.includes("<")) unescape = false;
    fixed += fixSegment(segment, unescape);
    position = end;
  }
  return fixed;
}
