import { describe, expect, it } from "vitest";
import { bearsOut, colourShares, mainColour } from "./index.ts";

const hues: Readonly<Record<string, readonly [number, number, number]>> = {
  red: [224, 24, 24],
  blue: [30, 60, 220],
  green: [24, 160, 24],
  white: [250, 250, 250],
  black: [8, 8, 8],
};

/** A row of pixels. */
function row(...names: readonly string[]) {
  return { width: names.length, height: 1, rgb: Uint8Array.from(names.flatMap((name) => [...hues[name]!])) };
}

const colourOf = (...names: readonly string[]) => mainColour(colourShares(row(...names)));

describe("colourShares", () => {
  it("counts all pixels by name, or those of a mask, also of one that reaches over the edge", () => {
    const picture = row("red", "red", "blue", "white");
    expect(Object.fromEntries(colourShares(picture))).toEqual({ red: 0.5, blue: 0.25, white: 0.25 });
    const mask = { left: 1, top: -1, width: 4, height: 2, data: Uint8Array.of(1, 1, 1, 1, 1, 1, 0, 1) };
    expect(Object.fromEntries(colourShares(picture, mask))).toEqual({ red: 0.5, blue: 0.5 });
    expect(colourShares(picture, { left: 9, top: 0, width: 1, height: 1, data: Uint8Array.of(1) }).size).toBe(0);
  });
});

describe("mainColour", () => {
  it("is that of most pixels; lights, shadows and outlines give a thing no colour while it has one of its own", () => {
    expect(colourOf("red", "red", "blue")).toBe("red");
    expect(colourOf("white", "white", "black", "green")).toBe("green");
    expect(colourOf(...Array<string>(19).fill("white"), "green")).toBe("white");
    expect(mainColour(new Map())).toBeNull();
  });
});

describe("bearsOut", () => {
  it("denies a colour that no pixel comes near, and says nothing of other words", () => {
    const shares = colourShares(row("blue", "blue", "black"));
    expect(["blue", "black", "gray", "bubbles"].map((label) => bearsOut(shares, label))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(["red", "white", "orange"].map((label) => bearsOut(shares, label))).toEqual([false, false, false]);
    expect(bearsOut(new Map([["brown", 0.2]]), "orange")).toBe(true);
  });
});
