import { describe, expect, it } from "vitest";
import {
  applyEdit,
  labelOf,
  breaches,
  type Clip,
  EASINGS,
  findClip,
  mediaRange,
  reverse,
  setSpeed,
  sourceTimeAt,
  type Timeline,
} from "../index.ts";
import {
  add,
  clipId,
  code,
  edited,
  empty,
  frames,
  linkedPairs,
  must,
  show,
  threeClips,
  trackId,
} from "../testing/sample.ts";

const document = threeClips();
const [a, b] = ["a", "b"].map((name) => clipId(document, name)) as [string, string];
const clip = (from: Timeline, id: string): Clip => findClip(from, id)!;
const edit = (from: Timeline, name: string, args: unknown) => applyEdit(from, { name, arguments: args });

const beat = (at: number) => ({
  markedRange: { start: frames(at), duration: 0 },
  name: "beat",
  colour: "yellow" as const,
  comment: "",
});

describe("speed", () => {
  it("changes the length and keeps the stretch of media", () => {
    const fast = must(setSpeed(document, { clip: b, speed: 2 }));
    expect(show(fast, "V1")).toBe("a 0+48@48, b 48+24@96, gap 24, c 96+48@144");
    expect(mediaRange(clip(fast, b))).toEqual(mediaRange(clip(document, b)));
    expect(show(must(setSpeed(document, { clip: b, speed: 2, ripple: true })), "V1")).toBe(
      "a 0+48@48, b 48+24@96, c 72+48@144",
    );
    expect(show(must(setSpeed(document, { clip: b, speed: 0.5, ripple: true })), "V1")).toBe(
      "a 0+48@48, b 48+96@96, c 144+48@144",
    );
    // Without ripple it ends at its neighbour.
    expect(show(must(setSpeed(document, { clip: b, speed: 0.5 })), "V1")).toBe("a 0+48@48, b 48+48@96, c 96+48@144");
  });

  it("takes keyframes and linked sound along", () => {
    const moving = edited(document, "setKeyframe", { clip: b, parameter: "opacity", time: frames(20), value: 0 });
    const fast = must(setSpeed(moving, { clip: b, speed: 2 }));
    expect(clip(fast, b).parameters.opacity).toMatchObject({ keyframes: [{ time: frames(10) }] });
    const pairs = linkedPairs();
    const slow = must(setSpeed(pairs, { clip: clipId(pairs, "v1"), speed: 0.5, ripple: true }));
    expect(show(slow, "A1")).toBe("a1 0+96@48, a2 96+48@96");
    const cut = edited(pairs, "trim", { clip: clipId(pairs, "a1"), edge: "end", by: -frames(4), linked: false });
    expect(code(setSpeed(cut, { clip: clipId(pairs, "v1"), speed: 0.5 }))).toBe("OUT_OF_SYNC");
  });

  it("reversed plays the same stretch from its top", () => {
    const back = clip(must(reverse(document, { clip: b })), b);
    expect(sourceTimeAt(back, 0)).toBe(frames(144));
    expect(sourceTimeAt(back, frames(48))).toBe(frames(96));
    expect(sourceTimeAt(back, frames(12))).toBe(frames(132));
    const slow = must(setSpeed(must(reverse(document, { clip: b })), { clip: b, speed: 0.5 }));
    expect(sourceTimeAt(clip(slow, b), 0)).toBe(frames(144));
    expect(sourceTimeAt(clip(slow, b), frames(48))).toBe(frames(120));
  });

  it("that moves plays the integral of its keyframes, and stays within the media", () => {
    const ramp = (value: number, easing = EASINGS.linear as object) =>
      [
        { time: 0, value: 1, easing },
        { time: frames(48), value, easing },
      ].reduce<ReturnType<typeof edit>>(
        (result, keyframe) =>
          result.ok ? edit(result.value, "setKeyframe", { clip: b, parameter: "speed", ...keyframe }) : result,
        edit(document, "setParameter", { clips: [b], parameter: "opacity", value: 1 }),
      );
    expect(sourceTimeAt(clip(must(ramp(3)), b), frames(48))).toBe(frames(96 + 96));
    expect(sourceTimeAt(clip(must(ramp(3, EASINGS.easeInOut)), b), frames(48))).toBeCloseTo(frames(96 + 96), -1);
    expect(sourceTimeAt(clip(must(ramp(0, EASINGS.hold)), b), frames(48))).toBe(frames(96 + 48));
    expect(code(ramp(6))).toBe("OUT_OF_MEDIA");
    expect(code(ramp(2, { type: "bezier", x1: 0.5, y1: -1, x2: 0.5, y2: 1 }))).toBe("BAD_ARGUMENT");
    expect(code(edit(document, "setParameter", { clips: [b], parameter: "speed", value: 2 }))).toBe("BAD_ARGUMENT");
  });
});

it("a text clip is called as its text begins, until somebody calls it otherwise", () => {
  const text = { text: { text: "Rain\nand wind" }, duration: frames(48) };
  const written = edited(document, "overwrite", { at: 0, clips: [{ track: trackId(document, "T1"), clip: text }] });
  const id = clipId(written, "Rain");
  const changed = edited(written, "setText", { clips: [id], text: "Snow" });
  expect(clip(changed, id).name).toBe("Snow");
  expect(clip(edited(changed, "setText", { clips: [id], text: "" }), id).name).toBe("Text");
  const named = edited(changed, "setClip", { clips: [id], name: "Opening" });
  expect(clip(edited(named, "setText", { clips: [id], text: "Hail" }), id).name).toBe("Opening");
});

describe("parameters", () => {
  it("stand still until they get a keyframe, and then move", () => {
    const still = edited(document, "setParameter", { clips: [a, b], parameter: "rotation", value: 30 });
    expect(clip(still, a).parameters).toEqual({ rotation: 30 });
    const moving = edited(still, "setKeyframe", { clip: a, parameter: "rotation", time: 0 });
    const moved = edited(moving, "setParameter", { clips: [a], parameter: "rotation", value: 90, at: frames(24) });
    expect(clip(moved, a).parameters.rotation).toEqual({
      keyframes: [
        { time: 0, value: 30, easing: { type: "linear" } },
        { time: frames(24), value: 90, easing: { type: "linear" } },
      ],
    });
    const later = edited(moved, "setKeyframe", {
      clip: a,
      parameter: "rotation",
      from: frames(24),
      time: frames(30),
      easing: EASINGS.easeOut,
    });
    expect(clip(later, a).parameters.rotation).toMatchObject({
      keyframes: [{}, { time: frames(30), value: 90, easing: EASINGS.easeOut }],
    });
    const one = edited(later, "removeKeyframe", { clip: a, parameter: "rotation", time: 0 });
    expect(
      clip(edited(one, "removeKeyframe", { clip: a, parameter: "rotation", time: frames(30) }), a).parameters,
    ).toEqual({ rotation: 90 });
    expect(clip(edited(later, "resetParameter", { clips: [a], parameters: ["rotation"] }), a).parameters).toEqual({});
    expect(code(edit(document, "removeKeyframe", { clip: a, parameter: "rotation", time: 0 }))).toBe("NOT_FOUND");
    expect(code(edit(document, "setKeyframe", { clip: a, parameter: "rotation", from: 5, time: 0 }))).toBe("NOT_FOUND");
  });

  it("change together, or not at all", () => {
    const moving = edited(document, "setKeyframe", { clip: a, parameter: "positionX", time: 0 });
    const changes = [
      { clip: a, parameter: "positionX", value: 0.25, at: frames(10) },
      { clip: a, parameter: "positionY", value: -0.25, at: frames(10) },
      { clip: b, parameter: "rotation", value: 45 },
    ] as const;
    const moved = edited(moving, "setParameters", { changes: [...changes] });
    expect(clip(moved, a).parameters).toMatchObject({
      positionX: { keyframes: [{}, { value: 0.25 }] },
      positionY: -0.25,
    });
    expect(clip(moved, b).parameters).toEqual({ rotation: 45 });
    const beyond = [...changes, { clip: b, parameter: "opacity", value: 2 } as const];
    expect(code(edit(moving, "setParameters", { changes: beyond }))).toBe("BAD_ARGUMENT");
    expect(labelOf(document, { name: "setParameters", arguments: { changes: changes.slice(0, 2) } })).toBe(
      "Set values ‘a’",
    );
  });

  it("keep within their limits", () => {
    expect(edit(document, "setParameter", { clips: [a], parameter: "opacity", value: 1.5 })).toMatchObject({
      ok: false,
      error: { code: "BAD_ARGUMENT", message: "The opacity must lie between 0 and 1." },
    });
    expect(code(edit(document, "setParameter", { clips: [a], parameter: "opacity", value: Number.NaN }))).toBe(
      "BAD_ARGUMENT",
    );
  });

  it("are pasted in the groups that were asked for", () => {
    const loud = edited(
      edited(document, "setParameter", { clips: [a], parameter: "scaleX", value: 2 }),
      "setParameter",
      {
        clips: [a],
        parameter: "volume",
        value: -6,
      },
    );
    const faded = edited(loud, "setClip", { clips: [a], fadeIn: frames(4), blend: "screen" });
    const own = edited(faded, "setParameter", { clips: [b], parameter: "positionX", value: 0.3 });
    const args = { from: clip(own, a), clips: [b] };
    expect(clip(edited(own, "pasteAttributes", { ...args, attributes: ["motion"] }), b)).toMatchObject({
      parameters: { scaleX: 2 },
      fadeIn: 0,
    });
    const all = clip(edited(own, "pasteAttributes", { ...args, attributes: ["sound", "fades", "blend"] }), b);
    expect(all).toMatchObject({ parameters: { positionX: 0.3, volume: -6 }, fadeIn: frames(4), blend: "screen" });
  });
});

describe("media, takes and texts", () => {
  it("replaces media in place, and shortens the clip where the new one is too short", () => {
    const other = edited(document, "replaceMedia", { clip: b, media: "short" });
    expect(show(other, "V1")).toBe("a 0+48@48, b 48+48@5, c 96+48@144");
    const long = edited(document, "rippleTrim", { clip: b, edge: "end", by: frames(24) });
    expect(show(edited(long, "replaceMedia", { clip: b, media: "short" }), "V1")).toBe(
      "a 0+48@48, b 48+48@5, gap 24, c 120+48@144",
    );
    expect(code(edit(document, "replaceMedia", { clip: b, media: "song" }))).toBe("WRONG_TRACK");
    expect(code(edit(document, "removeMedia", { media: ["film"] }))).toBe("BAD_ARGUMENT");
    expect(edited(document, "removeMedia", { media: ["song"] }).media["song"]).toBeUndefined();
  });

  it("a promise takes its media when the job ends, or says why not", () => {
    const V1 = trackId(document, "V1");
    const promised = edited(document, "append", {
      clips: [{ track: V1, clip: { job: "j1", name: "rain", duration: frames(60) } }],
    });
    expect(breaches(promised)).toEqual([]);
    const done = edited(promised, "settleJob", { job: "j1", media: "short", problem: null });
    expect(show(done, "V1")).toContain("rain 144+48@5");
    const failed = edited(promised, "settleJob", { job: "j1", media: null, problem: "The model ran out of memory." });
    expect(clip(failed, clipId(failed, "rain")).content).toMatchObject({
      takes: [{ media: null, problem: "The model ran out of memory." }],
    });
    const locked = edited(promised, "setTrack", { track: V1, locked: true });
    expect(show(edited(locked, "settleJob", { job: "j1", media: "short", problem: null }), "V1")).toContain(
      "rain 144+48@5",
    );
  });

  it("takes are added, switched and removed; the last one stays", () => {
    const second = edited(document, "addTake", { clip: b, media: "short" });
    expect(show(second, "V1")).toContain("b 48+48@5");
    const { content } = clip(second, b);
    const [first, last] = content.type === "media" ? content.takes.map(({ id }) => id) : [];
    expect(show(edited(second, "switchTake", { clip: b, take: first! }), "V1")).toContain("b 48+48@5");
    const removed = edited(second, "removeTake", { clip: b, take: first! });
    expect(code(edit(removed, "removeTake", { clip: b, take: last }))).toBe("BAD_ARGUMENT");
    expect(code(edit(second, "switchTake", { clip: b, take: "none" }))).toBe("NOT_FOUND");
  });

  it("text says and looks what it is told", () => {
    const T1 = trackId(document, "T1");
    const titled = edited(document, "append", {
      clips: [{ track: T1, clip: { text: { text: "Hello\nworld" }, duration: frames(48) } }],
    });
    const id = clipId(titled, "Hello");
    const bigger = edited(titled, "setText", { clips: [id], size: 0.2, outline: { width: 0.05, colour: "#000000" } });
    expect(clip(bigger, id).content).toMatchObject({
      style: { text: "Hello\nworld", size: 0.2, outline: { width: 0.05 } },
    });
    expect(code(edit(document, "setText", { clips: [a], text: "x" }))).toBe("BAD_ARGUMENT");
    expect(breaches(bigger)).toEqual([]);
  });
});

describe("tracks, markers and settings", () => {
  it("tracks come in their place, get free names, and leave no trace", () => {
    expect(document.tracks.map(({ name }) => name)).toEqual(["A1", "A2", "V1", "V2", "T1"]);
    const more = edited(edited(document, "addTrack", { kind: "video" }), "addTrack", { kind: "audio" });
    expect(more.tracks.map(({ name }) => name)).toEqual(["A1", "A2", "A3", "V1", "V2", "V3", "T1"]);
    const V2 = trackId(more, "V2");
    expect(edited(more, "moveTrack", { track: V2, to: 3 }).tracks.map(({ name }) => name)[3]).toBe("V2");
    const [A1, A2] = [trackId(more, "A1"), trackId(more, "A2")];
    const ducked = edited(more, "setTrack", { track: A2, ducking: { under: [A1], amount: 12, attack: 0, release: 0 } });
    expect(edited(ducked, "removeTrack", { track: A1 }).tracks.find(({ id }) => id === A2)!.ducking!.under).toEqual([]);
    expect(
      code(edit(more, "setTrack", { track: A2, ducking: { under: [A2], amount: 12, attack: 0, release: 0 } })),
    ).toBe("BAD_ARGUMENT");
    const locked = edited(document, "setTrack", { track: trackId(document, "V1"), locked: true });
    expect(code(edit(locked, "removeTrack", { track: trackId(document, "V1") }))).toBe("TRACK_LOCKED");
    expect(code(edit(locked, "trim", { clip: a, edge: "end", by: -1 }))).toBe("TRACK_LOCKED");
  });

  it("markers stand in order, on the timeline and on clips", () => {
    const two = [30, 10].reduce(
      (d, at) => edited(d, "addMarker", { markedRange: { start: frames(at), duration: 0 } }),
      document,
    );
    expect(two.markers.map(({ markedRange }) => markedRange.start)).toEqual([frames(10), frames(30)]);
    const [first] = two.markers;
    const moved = edited(two, "setMarker", {
      marker: first!.id,
      markedRange: { start: frames(50), duration: 0 },
      name: "chorus",
    });
    expect(moved.markers.at(-1)).toMatchObject({ name: "chorus" });
    expect(edited(moved, "removeMarker", { marker: first!.id }).markers).toHaveLength(1);
    const onClip = edited(document, "addMarker", { clip: b, markedRange: { start: frames(5), duration: 0 } });
    expect(edited(onClip, "removeMarker", { marker: clip(onClip, b).markers[0]!.id })).toMatchObject({
      tracks: document.tracks,
    });
    expect(code(edit(document, "setMarker", { marker: "none" }))).toBe("NOT_FOUND");
    const beats = edited(onClip, "addMarkers", { clip: b, markers: [beat(20), beat(2)] });
    const again = edited(beats, "addMarkers", { clip: b, instead: "beat", markers: [beat(9)] });
    expect(clip(beats, b).markers.map(({ markedRange }) => markedRange.start)).toEqual([2, 5, 20].map(frames));
    expect(clip(again, b).markers.map(({ markedRange }) => markedRange.start)).toEqual([5, 9].map(frames));
  });

  it("settings refuse a frame rate whose frames are no whole flicks", () => {
    expect(edited(document, "setSettings", { name: "Film", width: 1080, height: 1920 })).toMatchObject({
      name: "Film",
      settings: { width: 1080, height: 1920, sampleRate: 48_000 },
    });
    expect(code(edit(document, "setSettings", { rate: { numerator: 173, denominator: 10 } }))).toBe("BAD_ARGUMENT");
  });

  it("unlink frees all that was linked", () => {
    const free = edited(linkedPairs(), "unlink", { clips: [clipId(linkedPairs(), "v1")] });
    expect(clip(free, clipId(free, "a1")).link).toBeNull();
    expect(code(edit(add(empty(), "V1", "x", "film", 0, 5), "link", { clips: ["c6"] }))).toBe("BAD_ARGUMENT");
  });
});

/** As `addMedia` is told when a file on disk has become another. */
const lasting = (from: Timeline, count: number): Timeline => {
  const film = { ...from.media["film"]!, availableRange: { start: 0, duration: frames(count) } };
  return must(edit(from, "addMedia", { media: [film] }));
};

describe("media that has less to play than before", () => {
  it("slides clips to where it has something, and shortens those that are longer than all of it", () => {
    expect(show(document, "V1")).toBe("a 0+48@48, b 48+48@96, c 96+48@144");
    const less = lasting(document, 120);
    expect(show(less, "V1")).toBe("a 0+48@48, b 48+48@72, c 96+48@72");
    const least = lasting(document, 30);
    expect(show(least, "V1")).toBe("a 0+30@0, gap 18, b 48+30@0, gap 18, c 96+30@0");
    expect([...breaches(less), ...breaches(least)]).toEqual([]);
  });

  it("that has more, or as much, changes no clip", () => {
    expect(lasting(document, 500).tracks).toBe(document.tracks);
    expect(lasting(document, 240).tracks).toBe(document.tracks);
  });
});
