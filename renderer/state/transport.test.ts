import { describe, expect, it } from "vitest";
import { FRAME_RATES, frameDuration } from "../../core/time/index.ts";
import { Transport } from "./transport.ts";

const rate = FRAME_RATES["25"];
const frames = (count: number): number => count * frameDuration(rate);

function transport(duration = 100): Transport {
  const made = new Transport(rate);
  made.setTimeline({ rate, duration: frames(duration) });
  return made;
}

describe("seeking", () => {
  it("stands on frames, never before the start, and tells who listens", () => {
    const reel = transport();
    const seen: number[] = [];
    const stop = reel.subscribe(() => seen.push(reel.time));
    reel.seek(frames(10) + 5);
    reel.seek(frames(11) - 5);
    reel.seek(-50);
    stop();
    reel.seek(frames(3));
    expect(seen).toEqual([frames(10), frames(11), 0]);
  });

  it("stands on the frames of a rate that it is given later", () => {
    const reel = transport();
    reel.seek(frames(1));
    reel.setTimeline({ rate: FRAME_RATES["29.97"], duration: frames(100) });
    expect(reel.time).toBe(frameDuration(FRAME_RATES["29.97"]));
  });

  it("steps by whole frames, and stops for it", () => {
    const reel = transport();
    reel.play();
    reel.advance(frames(7) + 3);
    reel.step(1);
    expect([reel.playing, reel.time]).toEqual([false, frames(8)]);
    reel.step(-10);
    expect(reel.time).toBe(0);
  });
});

describe("playing", () => {
  it("stops at the end, on it, and begins anew from there", () => {
    const reel = transport();
    reel.play();
    reel.advance(frames(120));
    expect([reel.playing, reel.time]).toEqual([false, frames(100)]);
    reel.play();
    expect([reel.playing, reel.time]).toEqual([true, 0]);
    reel.advance(frames(4) + 1);
    reel.pause();
    expect(reel.time).toBe(frames(4));
    reel.play(-1);
    reel.advance(-10);
    expect([reel.playing, reel.time]).toEqual([false, 0]);
    reel.play(-1);
    expect(reel.time).toBe(frames(99));
  });

  it("does not begin where there is nothing", () => {
    const reel = transport(0);
    reel.toggle();
    expect(reel.playing).toBe(false);
  });

  it("J and L double to eight times, turn at speed 1, and go slowly with K", () => {
    const reel = transport();
    reel.seek(frames(50));
    const speeds = ([1, 1, 1, 1, 1, -1, -1] as const).map((direction) => {
      reel.shuttle(direction);
      return reel.state.speed;
    });
    expect(speeds).toEqual([1, 2, 4, 8, 8, -1, -2]);
    reel.shuttle(1, true);
    expect(reel.state.speed).toBe(0.25);
    reel.shuttle(1);
    expect(reel.state.speed).toBe(1);
  });

  it("a jump is told apart from going on", () => {
    const reel = transport();
    reel.play();
    const { jumps } = reel.state;
    reel.advance(frames(3));
    expect(reel.state.jumps).toBe(jumps);
    reel.seek(frames(40));
    expect(reel.state.jumps).toBe(jumps + 1);
  });
});

describe("marks and loops", () => {
  it("the marked stretch holds both frames that were marked, and a mark behind the other takes it away", () => {
    const reel = transport();
    reel.setIn(frames(10) + 7);
    reel.setOut(frames(20));
    expect([reel.state.inPoint, reel.state.outPoint]).toEqual([frames(10), frames(21)]);
    reel.goToOut();
    expect(reel.time).toBe(frames(20));
    reel.goToIn();
    expect(reel.time).toBe(frames(10));
    reel.setIn(frames(30));
    expect([reel.state.inPoint, reel.state.outPoint]).toEqual([frames(30), null]);
    reel.setOut(frames(5));
    expect([reel.state.inPoint, reel.state.outPoint]).toEqual([null, frames(6)]);
    reel.clearMarks();
    expect([reel.state.inPoint, reel.state.outPoint]).toEqual([null, null]);
  });

  it("a loop plays the marked stretch again and again, both ways", () => {
    const reel = transport();
    reel.setIn(frames(10));
    reel.setOut(frames(19));
    reel.setLoop(true);
    reel.seek(frames(50));
    reel.play();
    expect(reel.time).toBe(frames(10));
    reel.advance(frames(20));
    expect([reel.playing, reel.time]).toEqual([true, frames(10)]);
    reel.play(-1);
    reel.advance(frames(9));
    expect([reel.playing, reel.time]).toEqual([true, frames(19)]);
  });

  it("without marks a loop is all of it", () => {
    const reel = transport();
    reel.setLoop(true);
    reel.play();
    reel.advance(frames(100));
    expect([reel.playing, reel.time]).toEqual([true, 0]);
  });

  it("marks stand still while it does not loop: playing goes over them", () => {
    const reel = transport();
    reel.setOut(frames(5));
    reel.play();
    reel.advance(frames(6));
    expect([reel.playing, reel.time]).toEqual([true, frames(6)]);
  });
});
