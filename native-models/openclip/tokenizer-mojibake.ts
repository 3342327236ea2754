/**
 * Repairs text that was UTF-8 but was read as a one-byte encoding ("cafÃ©", "donâ€™t", "ñ†" …), also when only parts of a line are
 * affected, when bytes were lost, or when it happened twice.
 *
 * The reference tokenizer runs the Python library ftfy on every prompt, so the same prompts must be repaired and the same ones left
 * alone. The rules follow ftfy's published description of its heuristic (https://ftfy.readthedocs.io, "Heuristic for what is
 * mojibake"; R. Speer, 2019) and are checked against recorded results of ftfy 6.3.
 */
import { looksGarbled } from "./tokenizer-garbled.ts";

/** Bytes as a string of code units 0 to 255, so that regular expressions work on them. */
type ByteString = string;

interface OneByteEncoding {
  readonly name: string;
  /** Unassigned bytes stand for themselves and U+FFFD may stand for a lost byte (written 0x1A). */
  readonly sloppy: boolean;
  /** Character of each byte. */
  readonly characters: readonly string[];
  readonly bytes: ReadonlyMap<string, string>;
}

// The upper half of IBM's code page 437, which browsers do not know.
const codePage437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

function encoding(name: string, label: string | undefined, sloppy: boolean): OneByteEncoding {
  const decoder = label === undefined ? undefined : new TextDecoder(label);
  const characters = Array.from({ length: 256 }, (_, byte) => {
    if (sloppy && byte === 0x1a) return "\ufffd";
    if (byte < 0x80 || name === "latin-1") return String.fromCharCode(byte);
    if (decoder === undefined) return codePage437[byte - 0x80]!;
    const character = decoder.decode(Uint8Array.of(byte));
    return character === "\ufffd" ? String.fromCharCode(byte) : character;
  });
  const bytes = new Map(characters.map((character, byte) => [character, String.fromCharCode(byte)]));
  return { name, sloppy, characters, bytes };
}

const windows1252 = encoding("windows-1252", "windows-1252", true);
/** Latin-1 and the Windows code pages that UTF-8 is most often mistaken for; lead and continuation bytes are known from them. */
const latinLike = [
  encoding("latin-1", undefined, false),
  windows1252,
  ...["1251", "1250", "1253", "1254", "1257"].map((page) => encoding(`windows-${page}`, `windows-${page}`, true)),
];
/** In the order in which they are tried. */
const encodings = [
  ...latinLike,
  encoding("iso-8859-2", "iso-8859-2", false),
  encoding("macroman", "macintosh", false),
  encoding("cp437", undefined, false),
];

/** The bytes of `text` in an encoding, or undefined when one of its characters is not in it. */
function encode(text: string, into: OneByteEncoding): ByteString | undefined {
  let bytes = "";
  for (const character of text) {
    const byte = into.bytes.get(character);
    if (byte === undefined) return undefined;
    bytes += byte;
  }
  return bytes;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: ByteString): string | undefined {
  try {
    return strictUtf8.decode(Buffer.from(bytes, "latin1"));
  } catch {
    return undefined;
  }
}

/** Java's null (C0 80) and surrogate pairs that were encoded one by one (CESU-8), turned into plain UTF-8. */
function normaliseUtf8Variants(bytes: ByteString): ByteString {
  return bytes
    .replace(/\xed([\xa0-\xaf])([\x80-\xbf])\xed([\xb0-\xbf])([\x80-\xbf])/g, (_, ...groups: string[]) => {
      const [a, b, c, d] = groups.slice(0, 4).map((byte) => byte.charCodeAt(0)) as [number, number, number, number];
      const code = 0x10000 + (((a & 0x0f) << 16) | ((b & 0x3f) << 10) | ((c & 0x0f) << 6) | (d & 0x3f));
      return Buffer.from(String.fromCodePoint(code)).toString("latin1");
    })
    .replace(/\xc0\x80/g, "\0");
}

/**
 * Sequences that would be UTF-8 if a space were the no-break space A0 that some program replaced. Lead bytes whose result would be
 * an unlikely letter are left out, and so are Samaritan and Mongolian (E0, E1 followed by A0).
 */
const spaceForA0 = new RegExp(
  [
    "[\\xc2\\xc3\\xc5\\xce\\xd0\\xd9] ",
    "[\\xe2\\xe3] [\\x80-\\x84\\x86-\\x9f\\xa1-\\xbf]",
    "[\\xe0-\\xe3][\\x80-\\x84\\x86-\\x9f\\xa1-\\xbf] ",
    "\\xf0 [\\x80-\\xbf]{2}",
    "\\xf0[\\x80-\\xbf] [\\x80-\\xbf]",
    "\\xf0[\\x80-\\xbf]{2} ",
  ].join("|"),
  "g",
);

function restoreA0(bytes: ByteString): ByteString {
  // A lone "Ã " is nearly always the French word "à": keep the space that follows it, except where Portuguese joins the words.
  const words = bytes.replace(/\xc3 (?! |quele|quela|quilo|s )/g, "\xc3\xa0 ");
  return words.replace(spaceForA0, (sequence) => sequence.replaceAll(" ", "\xa0"));
}

/** UTF-8 sequences in which continuation bytes were lost (0x1A, or at most one "?"): they become one replacement character. */
const lossyUtf8 = new RegExp(
  [
    "[\\xc2-\\xdf]\\x1a",
    "[\\xc2-\\xc3]\\?",
    "\\xed[\\xa0-\\xaf][\\x1a?]\\xed[\\xb0-\\xbf][\\x1a?\\x80-\\xbf]",
    "\\xed[\\xa0-\\xaf][\\x1a?\\x80-\\xbf]\\xed[\\xb0-\\xbf][\\x1a?]",
    "[\\xe0-\\xef][\\x1a?][\\x1a\\x80-\\xbf]",
    "[\\xe0-\\xef][\\x1a\\x80-\\xbf][\\x1a?]",
    "[\\xf0-\\xf4][\\x1a?][\\x1a\\x80-\\xbf]{2}",
    "[\\xf0-\\xf4][\\x1a\\x80-\\xbf][\\x1a?][\\x1a\\x80-\\xbf]",
    "[\\xf0-\\xf4][\\x1a\\x80-\\xbf]{2}[\\x1a?]",
    "\\x1a",
  ].join("|"),
  "g",
);

/** The bytes' text if they are UTF-8, allowing for lost and altered bytes; undefined otherwise. */
function decodeRepaired(original: ByteString, from: OneByteEncoding): string | undefined {
  let bytes = original;
  // In MacRoman the same bytes are an en dash and a space, which is fine text.
  if (from.name !== "macroman" && bytes.search(spaceForA0) >= 0) bytes = restoreA0(bytes);
  if (from.sloppy) bytes = bytes.replace(lossyUtf8, "\xef\xbf\xbd");
  if (/[\xed\xc0]/.test(bytes)) bytes = normaliseUtf8Variants(bytes);
  return decodeUtf8(bytes);
}

/** Characters that the bytes `from` to `to` show as in any of the Latin-like encodings, escaped for a character class. */
function charactersOfBytes(...ranges: readonly (readonly [number, number])[]): string {
  const found = new Set<string>();
  for (const { characters } of latinLike)
    for (const [from, to] of ranges) for (let byte = from; byte <= to; byte++) found.add(characters[byte]!);
  return [...found].map((character) => `\\u{${character.codePointAt(0)!.toString(16)}}`).join("");
}

const continuation = charactersOfBytes([0x80, 0xbf]);
/** Everyday punctuation that is also a continuation byte: it does not make its neighbour part of a longer garble. */
const everyday = new Set("\u2013\u2014\u2015\u2018\u2019\u201a\u201c\u201d\u201e\u2022\u2026");
const strictContinuation = continuation.replace(/\\u\{([0-9a-f]+)\}/gu, (escape, code: string) =>
  everyday.has(String.fromCodePoint(Number.parseInt(code, 16))) ? "" : escape,
);

/** Runs of characters that look like UTF-8 sequences read through a Latin-like encoding. */
const embedded = new RegExp(
  `(?<![${strictContinuation}])(?:` +
    `[${charactersOfBytes([0xc2, 0xdf])}][${continuation} ]|` +
    `[${charactersOfBytes([0xe0, 0xef])}][${continuation} ]{2}|` +
    `[${charactersOfBytes([0xf0, 0xf0], [0xf3, 0xf3])}][${continuation} ]{3})+`,
  "gu",
);

function repairEmbedded(text: string): string {
  // Only parts shorter than the whole, so that the recursion ends.
  return text.replace(embedded, (part) =>
    part.length < text.length && looksGarbled(part) ? repairMojibake(part) : part,
  );
}

const c1Controls = /[\x80-\x9f]/g;

/** C1 controls have no use in text; browsers read them as windows-1252, and so do we. */
export function replaceC1Controls(text: string): string {
  return text.replace(c1Controls, (control) => windows1252.characters[control.charCodeAt(0)]!);
}

function repairOnce(text: string): string {
  // eslint-disable-next-line no-control-regex -- the whole ASCII range is meant
  if (/^[\0-\x7f]*$/.test(text) || !looksGarbled(text)) return text;
  for (const candidate of encodings) {
    const bytes = encode(text, candidate);
    if (bytes === undefined) continue;
    const repaired = decodeRepaired(bytes, candidate);
    if (repaired !== undefined) return repaired;
  }
  const partly = repairEmbedded(text);
  if (partly !== text) return partly;
  return replaceC1Controls(text);
}

/** Repairs a line of text, again and again while it gets better (text may have been garbled twice). */
export function repairMojibake(text: string): string {
  let current = text;
  for (;;) {
    const repaired = repairOnce(current);
    if (repaired === current) return current;
    current = repaired;
  }
}
