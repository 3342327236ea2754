import { describe, expect, it } from "vitest";
import { checkPrompt, checkSentence } from "./index.ts";

const WORDS = [
  "bubbles",
  "snow",
  "fire",
  "pulse",
  "spin",
  "rings",
  "circle",
  "bubble",
  "ring",
  "red",
  "blue",
  "traffic light",
];

const facts = (labels: readonly string[], colours: readonly string[] = [], score = 0.9) => ({
  tags: labels.map((label) => ({ label, score, share: 1 })),
  objects: [],
  colours: colours.map((name) => ({ name, hex: "#000000", share: 0.3 })),
});
const check = (prompt: string, ...args: Parameters<typeof facts>) => checkPrompt(prompt, facts(...args), WORDS);

const score = (...args: Parameters<typeof facts>) => check("blue bubbles", ...args)!.score;

describe("checkPrompt", () => {
  it("says what of the words that the eyes know was seen, and what was not", () => {
    expect(check("a video of Blue bubbles, rising slowly", ["bubbles"], ["blue"])).toMatchObject({
      asked: ["blue", "bubbles"],
      seen: ["blue", "bubbles"],
      missing: [],
    });
    expect(check("blue bubbles", ["snow"], ["white"])).toMatchObject({ seen: [], missing: ["blue", "bubbles"] });
    expect(check("blue bubbles", ["bubble"], ["white"])).toMatchObject({ seen: ["bubbles"], missing: ["blue"] });
  });

  it("claims nothing about words that the eyes do not know", () => {
    expect(check("a dog on a beach at dawn", ["snow"], ["blue"])).toBeNull();
    expect(check("", ["snow"])).toBeNull();
    expect(check("a dog in the snow", ["snow"])).toMatchObject({ asked: ["snow"], missing: [] });
    // Without a model, colours are still known.
    expect(checkPrompt("a red dog in the snow", facts([], ["red"]), [])).toMatchObject({
      asked: ["red"],
      seen: ["red"],
    });
  });

  it("takes forms and other words for the same", () => {
    const words = (prompt: string) => check(prompt, [])!.asked;
    expect(words("crimson flames")).toEqual(["crimson", "flames"]);
    expect(check("crimson flames", ["fire"], ["red"])).toMatchObject({ missing: [] });
    expect(words("a pulsing ring, spinning")).toEqual(["pulsing", "ring", "spinning"]);
    expect(check("a pulsing ring, spinning", ["pulse", "rings", "spin"])).toMatchObject({ missing: [] });
    expect(words("two traffic lights")).toEqual(["traffic lights"]);
    expect(words("snowflakes and balls")).toEqual(["snowflakes", "balls"]);
    // Not every word that ends or begins alike.
    expect(check("an interesting string of herrings, redder than fiery", [])).toBeNull();
  });

  it("asks for nothing that is not wanted, and for nothing twice", () => {
    expect(check("a circle without red, no blue snow", ["circle"])).toMatchObject({ asked: ["circle"] });
    expect(check("red, red, deep red", [], ["red"])).toMatchObject({ asked: ["red"] });
  });

  it("puts more words before more certainty", () => {
    const order = [
      score(["bubbles"], ["blue"], 0.9),
      score(["bubbles"], ["blue"], 0.55),
      score(["bubbles"], [], 1),
      score(["bubbles"], [], 0.6),
      score([], []),
    ];
    expect(order).toEqual(order.toSorted((a, b) => b - a));
    expect(new Set(order).size).toBe(5);
    expect(Math.max(...order)).toBeLessThanOrEqual(1);
    expect(Math.min(...order)).toBe(0);
  });
});

describe("checkSentence", () => {
  it("is one plain sentence or two", () => {
    expect(checkSentence(check("blue bubbles", ["bubbles"], ["blue"])!)).toBe(
      "Asked for: blue, bubbles. All of it was seen.",
    );
    expect(checkSentence(check("blue bubbles", ["bubbles"])!)).toBe(
      "Asked for: blue, bubbles. Seen: bubbles. Not seen: blue.",
    );
    expect(checkSentence(check("blue bubbles", ["snow"])!)).toBe("Asked for: blue, bubbles. None of it was seen.");
  });
});
