// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { fromSegments } from "./keyframes.ts";
import { MotionLane, type MotionLaneProps } from "./MotionLane.tsx";

afterEach(cleanup);

const keyframes = fromSegments([{ start: 0, keyframes: [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44] }]);
/** The lane with nothing around it: no studio, no store. */
function lane(more: Partial<MotionLaneProps> = {}) {
  const props: MotionLaneProps = {
    frames: 48,
    analysis: null,
    curve: Array.from({ length: 48 }, (_, n) => n / 48),
    keyframes,
    seams: [],
    playhead: 6,
    snaps: true,
    isDrawing: false,
    isLocked: false,
    onKeyframes: vi.fn(),
    onSay: vi.fn(),
    onDraw: vi.fn(),
    onSeek: vi.fn(),
    ...more,
  };
  return { props, ...render(<MotionLane {...props} />) };
}
const places = () => screen.getAllByRole("slider", { name: /^Keyframe/ }).map(({ style }) => style.transform);

test("on a timeline the lane lies on the timeline's scale and shows no second ruler or playhead", () => {
  const { container } = lane({ timeline: { pixelsPerFrame: 3, height: 40 } });
  expect(places().slice(0, 3)).toEqual(["translateX(0px)", "translateX(12px)", "translateX(24px)"]);
  expect(screen.queryByRole("slider", { name: "Playhead" })).toBeNull();
  expect(container.querySelector(".lane__playhead")).toBeNull();
  expect(container.querySelector<HTMLElement>(".lane__inner")?.style.width).toBe("144px");
  expect(container.querySelector<HTMLElement>(".lane__field")?.style.height).toBe("40px");
});

test("on its own it has room at its ends, a ruler and a playhead; keys work alike in both", () => {
  const alone = lane();
  expect(places()[0]).toBe("translateX(16px)");
  expect(screen.getByRole("slider", { name: "Playhead" })).toBeTruthy();
  alone.unmount();
  for (const timeline of [undefined, { pixelsPerFrame: 5, height: 60 }]) {
    const { props, unmount } = lane({ timeline });
    fireEvent.keyDown(screen.getByRole("group", { name: "Motion lane" }), { code: "KeyK", key: "k", altKey: true });
    const [placed] = vi.mocked(props.onKeyframes).mock.calls[0]!;
    expect(placed).toContainEqual({ frame: 6, segment: 0, isFixed: true });
    unmount();
  }
});
