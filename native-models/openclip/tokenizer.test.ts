import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { cpuMilliseconds } from "../checkpoint/cpu-time.testkit.ts";
import { goldensNote, haveGoldens, hummingbirdGoldens } from "../checkpoint/goldens.testkit.ts";
import { cleanPrompt, clipTokenizer, END_TOKEN, START_TOKEN } from "./tokenizer.ts";

const goldenSchema = z.object({
  cases: z.array(
    z.object({
      prompt: z.string(),
      cleaned: z.string(),
      ids: z.array(z.number()),
      n_tokens_before_truncation: z.number(),
      truncated: z.boolean(),
    }),
  ),
});

describe.skipIf(!haveGoldens)(`tokenizer goldens${goldensNote}`, () => {
  const { cases } = haveGoldens
    ? goldenSchema.parse(JSON.parse(readFileSync(join(hummingbirdGoldens, "tokenizer.json"), "utf8")))
    : { cases: [] };

  it.each(cases.map((golden) => [golden.prompt.slice(0, 60), golden] as const))("%j", (_, golden) => {
    expect(cleanPrompt(golden.prompt)).toBe(golden.cleaned);
    const tokens = clipTokenizer().tokenize(golden.prompt);
    expect([...tokens.ids]).toEqual(golden.ids);
    expect(tokens.countBeforeTruncation).toBe(golden.n_tokens_before_truncation);
    expect(tokens.truncated).toBe(golden.truncated);
  });
});

/**
 * Recorded from ftfy 6.3.1, Python's html.unescape and the regular expressions of the reference tokenizer: real words garbled in eleven
 * encodings, HTML references of every sort, random runs of the characters of which garble is made, and random scripts.
 */
describe("recorded results of the reference tokenizer", () => {
  const casesSchema = z.array(z.object({ prompt: z.string(), cleaned: z.string(), ids: z.array(z.number()) }));
  const file = new URL("tokenizer-cases.json", import.meta.url);
  const cases = casesSchema.parse(JSON.parse(readFileSync(file, "utf8")));

  it("cleans and tokenizes all of them alike", () => {
    expect(cases.length).toBeGreaterThan(300);
    for (const { prompt, cleaned, ids } of cases) {
      expect(cleanPrompt(prompt), JSON.stringify(prompt)).toBe(cleaned);
      const tokens = clipTokenizer().tokenize(prompt);
      expect([...tokens.ids].slice(1, 1 + ids.length), JSON.stringify(prompt)).toEqual(ids);
      expect(tokens.ids[1 + ids.length]).toBe(END_TOKEN);
    }
  });
});

describe("any string", () => {
  it("becomes 77 valid ids, with the end token where the text ends", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (prompt) => {
        const { ids, countBeforeTruncation, truncated } = clipTokenizer().tokenize(prompt);
        expect(ids).toHaveLength(77);
        expect(ids[0]).toBe(START_TOKEN);
        expect(ids[Math.min(countBeforeTruncation, 77) - 1]).toBe(END_TOKEN);
        expect(ids.every((id) => id >= 0 && id < 49408)).toBe(true);
        expect(truncated).toBe(countBeforeTruncation > 77);
      }),
      { numRuns: 300 },
    );
  });

  it("survives lone surrogates", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }), (prompt) => {
        clipTokenizer().tokenize(prompt);
      }),
    );
    expect(cleanPrompt("\ud800 x")).toBe("\ufffd x");
  });

  it("takes 10 000 words, one endless word and pages of garble in good time", () => {
    const start = cpuMilliseconds();
    expect(clipTokenizer().tokenize("the quick brown fox ".repeat(2500)).countBeforeTruncation).toBe(10_002);
    expect(clipTokenizer().tokenize("xyz".repeat(40_000)).truncated).toBe(true);
    expect(cleanPrompt("cafÃ© â€œx â€™s ".repeat(4000)).startsWith("café")).toBe(true);
    expect(cpuMilliseconds() - start).toBeLessThan(10_000);
  });
});
