import { expect, it } from "vitest";
import type { Media, MediaStatus } from "../../core/contract/index.ts";
import { clip } from "../../core/testing/samples.ts";
import { FLICKS_PER_SECOND } from "../../core/time/index.ts";
import { applyEdit, newTimeline, type Timeline } from "../../core/timeline/index.ts";
import { clock, type ProjectMedia, projectItems, sameUses, shown, studioItems, usesOf, type View } from "./items.ts";

const fingerprint = { bytes: 1, sha256: "0".repeat(64) };
function edited(document: Timeline, name: string, args: unknown): Timeline {
  const result = applyEdit(document, { name, arguments: args });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
const media = (id: string, name: string, seconds: number) => ({
  id,
  kind: "video",
  name,
  path: name,
  fingerprint,
  availableRange: { start: 0, duration: seconds * FLICKS_PER_SECOND },
  rate: { numerator: 30_000, denominator: 1001 },
  size: { width: 1920, height: 1080 },
  audio: { channels: 2, sampleRate: 48_000 },
  record: null,
});
const film = (): Timeline => {
  const document = edited(newTimeline("Film"), "addMedia", {
    media: [media("a", "harbour 10.mp4", 4), media("b", "Harbour 9.mp4", 90), media("c", "rain.mp4", 8)],
  });
  const track = document.tracks.find(({ kind }) => kind === "video")!.id;
  return edited(document, "append", { clips: [{ track, clip: { media: "a" } }] });
};
const ofBin = (document: Timeline): ProjectMedia => ({ media: document.media, uses: usesOf(document) });
const project = (): ProjectMedia => ofBin(film());
const usual: View = { search: "", filter: "all", sort: "name", isDescending: false };
const offline = { isOnline: false } as MediaStatus;
const ids = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);

it("the project's media with what is known of them", () => {
  const [first] = projectItems(project(), []);
  expect(first).toMatchObject({
    name: "harbour 10.mp4",
    facts: "1920×1080 · 29.97",
    seconds: 4,
    uses: 1,
    isInProject: true,
    isGenerated: false,
  });
});

it("sorting, searching and filtering", () => {
  const items = projectItems(project(), []);
  expect(ids(shown(items, {}, usual))).toEqual(["b", "a", "c"]);
  expect(ids(shown(items, {}, { ...usual, isDescending: true }))).toEqual(["c", "a", "b"]);
  expect(ids(shown(items, {}, { ...usual, sort: "length" }))).toEqual(["a", "c", "b"]);
  expect(ids(shown(items, {}, { ...usual, sort: "uses", isDescending: true }))[0]).toBe("a");
  expect(ids(shown(items, {}, { ...usual, search: "HARB 9.mp4" }))).toEqual(["b"]);
  expect(ids(shown(items, {}, { ...usual, filter: "used" }))).toEqual(["a"]);
  expect(ids(shown(items, {}, { ...usual, filter: "unused" }))).toEqual(["b", "c"]);
  expect(ids(shown(items, { c: offline }, { ...usual, filter: "missing" }))).toEqual(["c"]);
});

it("the studio's clips and files, and which of them the project has", () => {
  const common = { bytes: 1, version: "1", isThere: true, note: null, addedAt: "2026-01-01T00:00:00.000Z" };
  const catalogue: Media[] = [
    {
      kind: "sound",
      id: "s",
      name: "beat.wav",
      ...common,
      seconds: 2,
      sampleRate: 44_100,
      channels: 1,
      layout: "mono",
    },
    { kind: "picture", id: "a", name: "logo.png", ...common, width: 10, height: 20, alpha: true },
  ];
  const items = studioItems(project(), catalogue, [clip("made")]);
  expect(items.map(({ id, kind, isGenerated, isInProject }) => [id, kind, isGenerated, isInProject])).toEqual([
    ["made", "video", true, false],
    ["s", "audio", false, false],
    ["a", "image", false, true],
  ]);
  expect(items[1]!.facts).toBe("44.1 kHz mono");
});

it("lengths as people read them", () => {
  expect([0.4, 65, 3850].map(clock)).toEqual(["0:00", "1:05", "1:04:10"]);
});

it("how often media are used, counted anew on the tracks that an edit has touched", () => {
  const before = film();
  const track = before.tracks.find(({ kind }) => kind === "video")!.id;
  const twice = edited(before, "append", { clips: [{ track, clip: { media: "a" } }] });
  expect([...usesOf(twice)]).toEqual([["a", 2]]);
  expect([...usesOf(before)]).toEqual([["a", 1]]);
  expect(sameUses(usesOf(before), usesOf(edited(before, "setSettings", { name: "Other" })))).toBe(true);
  expect(sameUses(usesOf(before), usesOf(twice))).toBe(false);
});
