/** Whether a picture holds what a sentence asked for, as far as the eyes that looked at it have words for it. */
import type { MediaFacts } from "../contract/analysis.ts";
import { colourNames } from "./oklab.ts";

export interface PromptCheck {
  /** Words of the prompt that the eyes know, as they stand there. */
  readonly asked: readonly string[];
  readonly seen: readonly string[];
  readonly missing: readonly string[];
  /** For comparing variations of one prompt: how many of the words are seen, and then how surely; 0 to 1. */
  readonly score: number;
}

/** Other words for the same, and what the eyes call it. They count only where the eyes know that word. */
const SYNONYMS: Readonly<Record<string, string>> = {
  ...same("red", "crimson", "scarlet", "ruby"),
  ...same("orange", "tangerine", "amber"),
  ...same("yellow", "golden", "gold", "lemon"),
  ...same("green", "emerald", "lime"),
  ...same("cyan", "turquoise", "teal", "aqua"),
  ...same("blue", "azure", "cobalt", "navy"),
  ...same("purple", "violet", "lavender", "indigo"),
  ...same("pink", "magenta", "rose"),
  ...same("white", "silver", "ivory"),
  ...same("grey", "gray"),
  ...same("fire", "flame", "campfire"),
  ...same("snow", "snowflake", "snowfall"),
  ...same("circle", "disc", "disk", "ball"),
  ...same("stripe", "striped"),
  ...same("ring", "ripple"),
};

function same(word: string, ...others: readonly string[]): Record<string, string> {
  return Object.fromEntries(others.map((other) => [other, word]));
}

/** Said before a word, it is not wanted. */
const NEGATIONS = new Set(["no", "not", "without", "never"]);

/**
 * Null where nothing can be told: no word of the prompt is one of the eyes' words.
 * @param words what the model that looked can say; colours are known without a model
 */
export function checkPrompt(
  prompt: string,
  facts: Pick<MediaFacts, "tags" | "objects" | "colours">,
  words: readonly string[],
): PromptCheck | null {
  const known = new Set([...words, ...colourNames].map((word) => baseOf(word.toLowerCase())));
  const found = foundIn(facts);
  const asked = new Map<string, string>();
  for (const { word, base } of wordsOf(prompt, known)) if (!asked.has(base)) asked.set(base, word);
  if (asked.size === 0) return null;
  const seen = [...asked].filter(([base]) => found.has(base));
  const sure = seen.reduce((sum, [base]) => sum + found.get(base)!, 0);
  // A word more outweighs any certainty.
  const score = (seen.length + (0.9 * sure) / asked.size) / (asked.size + 0.9);
  return {
    asked: [...asked.values()],
    seen: seen.map(([, word]) => word),
    missing: [...asked].filter(([base]) => !found.has(base)).map(([, word]) => word),
    score,
  };
}

/** What was seen, and how surely, 0 to 1. */
function foundIn({ tags, objects, colours }: Parameters<typeof checkPrompt>[1]): Map<string, number> {
  const found = new Map<string, number>();
  const add = (label: string, strength: number): void => {
    const base = baseOf(label.toLowerCase());
    found.set(base, Math.max(found.get(base) ?? 0, Math.min(1, strength)));
  };
  for (const { label, score, share } of [...tags, ...objects]) add(label, score * share);
  for (const { name, share } of colours) add(name, share);
  // A small thing's colour is none of the picture's.
  for (const { colours: own, score, share } of objects) for (const name of own) add(name, score * share);
  return found;
}

/** The longest label that is looked for, words: “traffic light”. */
const LONGEST = 3;

/** Words of a sentence that are known, one after another, without those that are not wanted. */
function* wordsOf(
  prompt: string,
  known: ReadonlySet<string>,
): Generator<{ readonly word: string; readonly base: string }> {
  const tokens = prompt.toLowerCase().match(/\p{L}+/gu) ?? [];
  for (let at = 0; at < tokens.length; at++)
    for (let length = Math.min(LONGEST, tokens.length - at); length > 0; length--) {
      const word = tokens.slice(at, at + length).join(" ");
      const base = basesOf(word).find((each) => known.has(each));
      if (base === undefined) continue;
      // “no red circle”: what the negation says goes on over one more word.
      if (!tokens.slice(Math.max(0, at - 2), at).some((token) => NEGATIONS.has(token))) yield { word, base };
      at += length - 1;
      break;
    }
}

/** What a word may be a form of: itself, one of many, something that goes on. */
function basesOf(word: string): string[] {
  const plain = baseOf(word);
  const going = /^(.*[aeiouy].*)ing$/u.exec(word)?.[1];
  const forms = going === undefined ? [] : [going, `${going}e`, going.replace(/(.)\1$/u, "$1")];
  return [...new Set([plain, SYNONYMS[plain] ?? plain, SYNONYMS[word] ?? plain, ...forms])].map(baseOf);
}

/** Without the ending of the plural. */
const baseOf = (word: string): string => (word.length > 3 && /[^s]s$/u.test(word) ? word.slice(0, -1) : word);

const list = (words: readonly string[]): string => words.join(", ");

/** One sentence about it, for a badge's tooltip and for listeners. */
export function checkSentence({ asked, seen, missing }: PromptCheck): string {
  const wish = `Asked for: ${list(asked)}.`;
  if (missing.length === 0) return `${wish} All of it was seen.`;
  return seen.length === 0
    ? `${wish} None of it was seen.`
    : `${wish} Seen: ${list(seen)}. Not seen: ${list(missing)}.`;
}
