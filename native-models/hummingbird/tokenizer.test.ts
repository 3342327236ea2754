import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
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
