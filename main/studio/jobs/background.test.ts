import { describe, expect, it } from "vitest";
import { Background } from "./background.ts";

describe("work beside the jobs", () => {
  it("stands still while the queue is paused; looking waits for clips too, showing does not; closing lets everybody go", async () => {
    const state = { isHeld: true, isComputing: true };
    let told = 0;
    const lane = new Background({
      isHeld: () => state.isHeld,
      isComputing: () => state.isComputing,
      onChange: () => (told += 1),
    });
    const begun: string[] = [];
    const turns = (["media", "analysis"] as const).map((what) => lane.turn(what).then(() => begun.push(what)));
    lane.poke();
    await Promise.resolve();
    expect(begun).toEqual([]);
    state.isHeld = false;
    lane.poke();
    await turns[0];
    expect(begun).toEqual(["media"]);
    state.isComputing = false;
    lane.poke();
    await turns[1];
    expect(begun).toEqual(["media", "analysis"]);

    lane.report("analysis", null, 2);
    lane.report("media", "beach.mp4", 3);
    lane.report("media", "beach.mp4", 3);
    expect(told).toBe(2);
    expect(lane.list.map(({ what, left }) => [what, left])).toEqual([
      ["media", 3],
      ["analysis", 2],
    ]);
    lane.report("media", null, 0);
    lane.report("media", null, 0);
    expect([told, lane.list.length]).toEqual([3, 1]);

    state.isHeld = true;
    const last = lane.turn("media");
    lane.close();
    await last;
  });
});
