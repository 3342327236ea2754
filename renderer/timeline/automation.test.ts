import { describe, expect, test } from "vitest";
import { frameToFlicks } from "../../core/time/index.ts";
import { SILENCE_DB, type Timeline } from "../../core/timeline/index.ts";
import { edited, empty, trackId } from "../../core/timeline/testing/sample.ts";
import { automationWords, heightOf, linesOf, lineY, valueAtHeight } from "./automation.ts";
import { INSET, layoutOf, RULER_HEIGHT } from "./geometry.ts";
import { hitAt } from "./hit.ts";

describe("heights", () => {
  test("a value comes back from its height, and louder is higher", () => {
    for (const decibels of [-48, -24, -12, -6, -0.5, 0, 3, 12])
      expect(valueAtHeight("volume", heightOf("volume", decibels))).toBe(decibels);
    for (const pan of [-1, -0.3, 0, 0.55, 1]) expect(valueAtHeight("pan", heightOf("pan", pan))).toBe(pan);
    expect(heightOf("volume", -6)).toBeLessThan(heightOf("volume", 0));
    expect(heightOf("pan", -1)).toBe(1);
  });

  test("silence lies at the bottom, and what is louder than the line shows at the top", () => {
    expect([heightOf("volume", SILENCE_DB), heightOf("volume", 24)]).toEqual([0, 1]);
    expect(valueAtHeight("volume", -3)).toBe(SILENCE_DB);
  });

  test("values are told in words", () => {
    expect(automationWords("volume", -6)).toBe("−6.0 dB");
    expect(automationWords("volume", SILENCE_DB)).toBe("−∞ dB");
    expect([-0.3, 0, 1].map((pan) => automationWords("pan", pan))).toEqual(["left 30 %", "middle", "right 100 %"]);
  });
});

const { rate } = empty().settings;
const frames = (count: number) => frameToFlicks(count, rate);

/** A1 goes from 0 dB at frame 20 to −12 dB at frame 60. */
function automated(): Timeline {
  const document = empty();
  const track = trackId(document, "A1");
  return [
    { time: frames(20), value: 0 },
    { time: frames(60), value: -12 },
  ].reduce((each, keyframe) => edited(each, "setTrackKeyframe", { track, parameter: "volume", ...keyframe }), document);
}

describe("lines", () => {
  test("what moves is seen; of a selected sound track the volume in any case; pictures have none", () => {
    const document = automated();
    const lines = (name: string, isSelected: boolean) =>
      linesOf(document.tracks.find((track) => track.name === name)!, isSelected);
    expect([lines("A1", false), lines("A2", false), lines("A2", true)]).toEqual([["volume"], [], ["volume"]]);
    expect([lines("V1", true), lines("T1", true)]).toEqual([[], []]);
  });

  test("keyframes and the line between them are taken hold of, on the selected track only", () => {
    const document = automated();
    const layout = layoutOf(document.tracks, {});
    const row = layout.rows.find(({ track }) => track.name === "A1")!;
    // A pixel is a frame.
    const view = { zoom: rate.numerator / rate.denominator, scroll: 0, width: 800 };
    const on = (frame: number, track: string | null, off = 0) => {
      const y = RULER_HEIGHT + row.y + lineY(row, "volume", frames(frame)) + off;
      const scene = { document, layout, view, scrollY: 0, inPoint: null, outPoint: null, selected: new Set<string>() };
      return hitAt({ ...scene, track }, INSET + frame, y);
    };
    expect(on(20, row.track.id)).toMatchObject({ zone: "automation", parameter: "volume", time: frames(20) });
    expect(on(60, row.track.id)).toMatchObject({ zone: "automation", time: frames(60) });
    expect(on(40, row.track.id)).toMatchObject({ zone: "automation", time: null });
    expect(on(40, row.track.id, 12).zone).toBe("gap");
    expect(on(20, null).zone).toBe("gap");
  });
});
