/**
 * The byte-pair tokenizer of CLIP as OpenCLIP runs it, with the cleaning that it applies to prompts.
 *
 * Sources: R. Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units" (2016); A. Radford et al., "Learning
 * Transferable Visual Models From Natural Language Supervision" (2021). The merges are OpenAI's (assets/tokenizer/README.md).
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { StudioError } from "../../core/contract/errors.ts";
import { BytePairMerger } from "./tokenizer-bpe.ts";
import { fixText } from "./tokenizer-fix-text.ts";
import { unescapeHtml } from "./tokenizer-html.ts";

/** Rows of the text tower's position table: every prompt becomes this many tokens. */
const CONTEXT_LENGTH = 77;
export const START_TOKEN = 49406;
export const END_TOKEN = 49407;
/** Prompts are filled up with this token ("!"), not with the end token; the text tower attends to it. */
const PADDING_TOKEN = 0;

const MERGES = 48894;
const specialTokens: ReadonlyMap<string, number> = new Map([
  ["<start_of_text>", START_TOKEN],
  ["<end_of_text>", END_TOKEN],
]);

/** White space as Python's `str.isspace` has it, a little wider than Unicode's property. */
const pythonSpace = "[\\p{White_Space}\\x1c-\\x1f]";
const outerSpace = new RegExp(`^${pythonSpace}+|${pythonSpace}+$`, "gu");
const strip = (text: string): string => text.replace(outerSpace, "");

/**
 * Special tokens, English contractions, runs of letters, single digits, runs of anything else. The reference matches without regard to
 * case; in lower-case text that adds the long s, and drops the iota subscript U+0345: its capital is a letter, itself it is none.
 */
const pieces =
  /<[sſ]tart_of_text>|<end_of_text>|'[sſ]|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|(?:(?!\p{White_Space})[^\p{L}\p{N}\u0345])+/gu;

/** The prompt as the tokenizer sees it: repaired, HTML references decoded twice, white space collapsed, in lower case. */
export function cleanPrompt(prompt: string): string {
  const repaired = strip(unescapeHtml(unescapeHtml(fixText(prompt))));
  return strip(repaired.replace(/\p{White_Space}+/gu, " ")).toLowerCase();
}

export interface TokenizedPrompt {
  /** [77]: start token, the prompt's tokens, end token, padding. A longer prompt is cut and still ends with the end token. */
  readonly ids: Int32Array;
  /** Start and end tokens included. */
  readonly countBeforeTruncation: number;
  readonly truncated: boolean;
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
}

/** Characters that stand for the 256 bytes: printable ones for themselves, the others shifted up from U+0100 in order. */
function byteCharacters(): string[] {
  let shifted = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : shifted++));
}

export class ClipTokenizer {
  readonly #merger: BytePairMerger;
  readonly #bytes = byteCharacters();

  /** @param merges one merge a line, "left right", in order of priority (48 894 lines). */
  constructor(merges: string) {
    const pairs = merges.trim().split("\n");
    if (pairs.length !== MERGES)
      throw new StudioError(
        "MODEL_DAMAGED",
        "The tokenizer's word list is damaged: install Plume Studio again.",
        `${pairs.length} merges instead of ${MERGES}`,
      );
    // The vocabulary lists the printable bytes first, then the shifted ones, then all of them again as ends of words.
    const inVocabularyOrder = [...this.#bytes].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
    this.#merger = new BytePairMerger(inVocabularyOrder, pairs);
  }

  /** Token ids of the whole prompt, without start, end and padding. */
  #encode(prompt: string): number[] {
    const ids: number[] = [];
    for (const [piece] of cleanPrompt(prompt).matchAll(pieces)) {
      const special = specialTokens.get(piece);
      if (special !== undefined) ids.push(special);
      else ids.push(...this.#merger.encode(Array.from(Buffer.from(piece), (byte) => this.#bytes[byte]!)));
    }
    return ids;
  }

  /** Any string is a prompt, the empty one included. */
  tokenize(prompt: string): TokenizedPrompt {
    const tokens = this.#encode(prompt);
    const ids = new Int32Array(CONTEXT_LENGTH).fill(PADDING_TOKEN);
    const kept = tokens.slice(0, CONTEXT_LENGTH - 2);
    ids.set([START_TOKEN, ...kept, END_TOKEN]);
    const countBeforeTruncation = tokens.length + 2;
    return { ids, countBeforeTruncation, truncated: countBeforeTruncation > CONTEXT_LENGTH };
  }
}

const bundledMergesFile = fileURLToPath(new URL("../../assets/tokenizer/clip-bpe-merges.txt.gz", import.meta.url));

let bundled: ClipTokenizer | undefined;

/**
 * The tokenizer with the merges that ship with the studio; built once.
 * Errors: MODEL_DAMAGED when the word list is missing or damaged.
 */
export function clipTokenizer(): ClipTokenizer {
  if (bundled === undefined) {
    let merges: string;
    try {
      merges = gunzipSync(readFileSync(bundledMergesFile)).toString("utf8");
    } catch (cause) {
      throw new StudioError(
        "MODEL_DAMAGED",
        "The tokenizer's word list is missing or damaged: install Plume Studio again.",
        String(cause),
        { cause },
      );
    }
    bundled = new ClipTokenizer(merges);
  }
  return bundled;
}
