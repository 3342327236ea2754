import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupSequences, numberedName, patternOf } from "./sequence.ts";

const named = (names: readonly string[], folder = "") => names.map((name) => ({ folder, name }));
const range = (count: number, make: (n: number) => string, first = 1) =>
  Array.from({ length: count }, (_, n) => make(first + n));
const pad = (n: number, digits = 4) => String(n).padStart(digits, "0");

describe("numbered sequences", () => {
  it("are a dozen pictures in a row, of one folder and one name; the rest stays single", () => {
    const shot = named(range(14, (n) => `shot_${pad(n)}.png`));
    const photos = named(range(20, (n) => `IMG_${pad(n)}.JPG`));
    const few = named(range(11, (n) => `few${pad(n)}.png`));
    const elsewhere = named(
      range(12, (n) => `shot_${pad(n)}.png`),
      "other",
    );
    const gap = named([...range(6, (n) => `gap${pad(n)}.png`), ...range(6, (n) => `gap${pad(n)}.png`, 8)]);
    const sounds = named(range(12, (n) => `take${n}.wav`));
    const found = groupSequences([...shot, ...photos, ...few, ...elsewhere, ...gap, ...sounds], (file) => file);
    expect(found.sequences.map(({ name, members }) => [name, members.length])).toEqual([
      ["shot_[0001-0014].png", 14],
      ["shot_[0001-0012].png", 12],
    ]);
    expect(found.others).toEqual([...photos, ...few, ...gap, ...sounds]);
  });

  it("come in the order of their numbers, however they were handed over", () => {
    const names = range(24, (n) => `f${n}.jpg`, 95);
    const { sequences } = groupSequences(named(names.toReversed()), (file) => file);
    expect(sequences[0]!.members.map(({ name }) => name)).toEqual(names);
    expect(sequences[0]!.name).toBe("f[95-118].jpg");
  });

  it("have a pattern that ffmpeg reads, or none", () => {
    expect(patternOf(["a_07.png", "a_08.png", "a_09.png", "a_10.png"])).toEqual({ pattern: "a_%02d.png", first: 7 });
    expect(patternOf(["a9.png", "a10.png"])).toEqual({ pattern: "a%d.png", first: 9 });
    expect(patternOf(["100%1.png", "100%2.png"])).toEqual({ pattern: "100%%%01d.png", first: 1 });
    expect(patternOf(["a1.png", "a3.png"])).toBeNull();
    expect(patternOf(["a1.png", "b2.png"])).toBeNull();
    expect(patternOf(["a01.png", "a2.png"])).toBeNull();
    expect(patternOf([])).toBeNull();
    expect(numberedName("notes1.txt")).toBeNull();
  });

  it("never lose a file and never take one twice", () => {
    const name = fc.oneof(
      fc.integer({ min: 0, max: 30 }).map((n) => `s${pad(n, 3)}.png`),
      fc.integer({ min: 0, max: 30 }).map((n) => `s${n}.png`),
      fc.string({ maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 60 }), (names) => {
        const { sequences, others } = groupSequences(names, (each) => ({ folder: "", name: each }));
        const all = [...sequences.flatMap(({ members }) => members), ...others];
        expect(all.toSorted()).toEqual(names.toSorted());
      }),
    );
  });
});
