import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generationRequestSchema, StudioError } from "../contract/index.ts";
import { parseAxis, parsePromptList, parseValues, sweep } from "./index.ts";

describe("a list of prompts", () => {
  it("is a line each of a text file, without remarks, whatever ends the lines", () => {
    const text = "\uFEFFred rain\r\n\n  # later\n blue, slow bubbles \rgold";
    expect(parsePromptList("list.txt", text, { steps: 4 })).toEqual([
      { prompt: "red rain", steps: 4 },
      { prompt: "blue, slow bubbles", steps: 4 },
      { prompt: "gold", steps: 4 },
    ]);
  });

  it("is a row each of a table, in which cells may be quoted, empty, and separated by ; or tabs", () => {
    const csv = 'Prompt;Size;Seed;Negative prompt;steps\n"rain; ""heavy""\nnight";192x128;7;;\n\nsun;;;people;8\n';
    expect(parsePromptList("list.CSV", csv, { steps: 4 })).toEqual([
      { prompt: 'rain; "heavy"\nnight', width: 192, height: 128, seed: 7, steps: 4 },
      { prompt: "sun", negativePrompt: "people", steps: 8 },
    ]);
    expect(parsePromptList("a.tsv", "seed\tprompt\n1\ta\n")).toEqual([{ seed: 1, prompt: "a" }]);
  });

  it.each([
    ["a.csv", "prompt,colour\na,red", /column “colour”/],
    ["a.csv", "seed\n1", /no column “prompt”/],
    ["a.csv", "prompt,seed\na,1\nb,many", /Line 3: The seed/],
    ["a.csv", "prompt,size\na,big", /Line 2: The size/],
    ["a.csv", "prompt,width\na,100", /Line 2: The width/],
    ["a.csv", "prompt\n", /no prompt/],
    ["a.txt", "# nothing", /no prompt/],
    ["a.txt", "a\n".repeat(1001), /1001/],
    ["a.txt", "a".repeat(5000), /Line 1: The prompt is too long/],
  ])("%s (case %#) says what is wrong", (name, text, sentence) => {
    expect(() => parsePromptList(name, text)).toThrow(sentence);
  });

  it("of any bytes is a list of whole requests or one sentence", () => {
    fc.assert(
      fc.property(fc.constantFrom("a.txt", "a.csv"), fc.string({ unit: "binary", maxLength: 300 }), (name, text) => {
        try {
          for (const request of parsePromptList(name, text)) generationRequestSchema.parse(request);
        } catch (error) {
          expect(error).toBeInstanceOf(StudioError);
        }
      }),
    );
  });
});

describe("a sweep", () => {
  it("goes through every combination, the last axis fastest, with one seed for all", () => {
    const clips = sweep({ prompt: "a" }, [parseAxis("steps=2,4"), parseAxis("guidance=1..2/0.5")], 5);
    expect(clips.map(({ steps, guidance, seed }) => [steps, guidance, seed])).toEqual([
      [2, 1, 5],
      [2, 1.5, 5],
      [2, 2, 5],
      [4, 1, 5],
      [4, 1.5, 5],
      [4, 2, 5],
    ]);
    expect(sweep({ prompt: "a", seed: 9 }, [], 5)).toEqual([{ prompt: "a", seed: 9 }]);
    expect(parseValues("0.1..0.3/0.1, 7, 1..3, 3")).toEqual([0.1, 0.2, 0.3, 7, 1, 2, 3]);
  });

  it.each(["", "x", "3..1", "1..2/0", "1..99999", "..", "1,,2"])("of %j is refused", (text) => {
    expect(() => parseValues(text)).toThrow(StudioError);
  });
  it("of what cannot be gone through, or too many clips, is refused", () => {
    expect(() => parseAxis("colour=1")).toThrow(/colour/);
    const axis = parseAxis("steps=1..50");
    expect(() => sweep({ prompt: "a" }, [axis, axis], 1)).toThrow(/twice/);
    expect(() => sweep({ prompt: "a" }, [axis, parseAxis("seed=1..100")], 1)).toThrow(/5000/);
  });
});
