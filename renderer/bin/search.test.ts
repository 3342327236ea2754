import { describe, expect, it } from "vitest";
import type { MediaFacts } from "../../core/contract/index.ts";
import { createMediaFacts } from "../state/media-facts.ts";
import { fakeClient } from "../testing/fake-client.ts";
import { type BinItem, shown, type View } from "./items.ts";

const item = (id: string, name: string): BinItem => ({
  id,
  name,
  kind: "video",
  seconds: 2,
  facts: "320×180 · 24",
  size: { width: 320, height: 180 },
  isGenerated: false,
  uses: 0,
  isInProject: true,
  addedAt: "",
  note: null,
});
const facts = (more: Partial<MediaFacts>): MediaFacts => ({
  version: "1",
  tags: [],
  colours: [],
  objects: [],
  shots: [],
  shotInterval: 0,
  poster: { time: 0, hasSubject: false },
  model: "eyes",
  moments: 4,
  interval: 0.5,
  problem: null,
  ...more,
});
const items = [item("a", "IMG_0001.mov"), item("b", "blurred holiday.mp4"), item("c", "IMG_0002.mov")];
const seen = {
  a: facts({
    tags: [{ label: "snow", score: 0.9, share: 1 }],
    objects: [{ label: "circle", score: 0.9, share: 0.5, most: 2, colours: [] }],
    colours: [
      { name: "blue", hex: "#1e3cdc", share: 0.6 },
      { name: "green", hex: "#00ff00", share: 0.04 },
    ],
  }),
  c: facts({ tags: [{ label: "big red bus", score: 0.7, share: 1 }] }),
};
const view: View = { search: "", filter: "all", sort: "name", isDescending: false };
const found = (search: string): string[] => shown(items, {}, { ...view, search }, seen).map(({ id }) => id);

describe("searching the bin", () => {
  it("finds what is to be seen, beside names", () => {
    expect(found("snow")).toEqual(["a"]);
    expect(found("Blue circ")).toEqual(["a"]);
    expect(found("snow img")).toEqual(["a"]);
    expect(found("holiday")).toEqual(["b"]);
    expect(found("bus")).toEqual(["c"]);
    expect(found("snow bus")).toEqual([]);
    // A trace of a colour is none, and a part of a word is found in names only.
    expect(found("green")).toEqual([]);
    expect(found("red").sort()).toEqual(["b", "c"]);
    expect(found("now")).toEqual([]);
  });

  it("asks once for each, and learns what is told later", async () => {
    const asked: string[][] = [];
    const { client } = fakeClient({
      "analysis.facts": ({ ids }: { ids: string[] }) => {
        asked.push(ids);
        return ids.map((id) => ({ id, facts: id === "a" ? seen.a : null }));
      },
    });
    const source = createMediaFacts(client);
    source.want(["a", "b"]);
    source.want(["a", "b"]);
    await Promise.resolve();
    await Promise.resolve();
    expect(asked).toEqual([["a", "b"]]);
    expect(source.store.getState()).toEqual({ a: seen.a });
    source.receive({ type: "media-facts", known: [{ id: "b", facts: seen.c }] });
    expect(source.store.getState()["b"]).toEqual(seen.c);
  });
});
