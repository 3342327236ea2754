import { describe, expect, it } from "vitest";
import { MemoryBudget } from "./memory.ts";

const GB = 1e9;

/** Two engines on a computer: what one lets go is free again. */
function computer({ total = 16, free = 4, engine = 0, eyes = 0, limit = null as number | null, state = "ready" }) {
  const released: string[] = [];
  let now = free * GB;
  const make = (name: string, held: number) => ({
    state: state as "ready" | "busy",
    residentBytes: held * GB,
    async release() {
      released.push(name);
      now += this.residentBytes;
      this.residentBytes = 0;
    },
  });
  const parts = { engine: make("engine", engine), eyes: make("eyes", eyes) };
  const memory = new MemoryBudget({
    total: () => total * GB,
    free: () => now,
    limit: async () => (limit === null ? null : limit * GB),
    ...parts,
  });
  return { memory, released };
}

describe("the memory that models may take", () => {
  it("is a part of the computer's, or what the user says, never more than there is", async () => {
    expect(await computer({}).memory.limit()).toBeCloseTo(12.8 * GB, 0);
    expect(await computer({ limit: 6 }).memory.limit()).toBe(6 * GB);
    expect(await computer({ limit: 99 }).memory.limit()).toBe(16 * GB);
  });

  it("that a clip could have is what is free and what engines hold, within the limit", async () => {
    expect(await computer({ free: 4, engine: 2, eyes: 1 }).memory.available()).toBe(7 * GB);
    expect(await computer({ free: 4, engine: 2, eyes: 1, limit: 5 }).memory.available()).toBe(5 * GB);
  });

  it("is made free of the model that looks at media, but only where a clip needs it", async () => {
    const roomy = computer({ free: 4, engine: 2, eyes: 1 });
    await roomy.memory.makeRoom(5 * GB, true);
    expect(roomy.released).toEqual([]);
    const short = computer({ free: 4, engine: 2, eyes: 1 });
    await short.memory.makeRoom(6.5 * GB, true);
    expect(short.released).toEqual(["eyes"]);
    const limited = computer({ free: 14, eyes: 1, limit: 5 });
    await limited.memory.makeRoom(4.5 * GB, true);
    expect(limited.released).toEqual(["eyes"]);
  });

  it("is made free of warm models for work in another process", async () => {
    const short = computer({ free: 1, engine: 3, eyes: 1 });
    await short.memory.makeRoom(1.5 * GB, false);
    expect(short.released).toEqual(["eyes"]);
    const shorter = computer({ free: 0.5, engine: 3, eyes: 0.5 });
    await shorter.memory.makeRoom(1.5 * GB, false);
    expect(shorter.released).toEqual(["eyes", "engine"]);
  });

  it("is made free of an idle clip model for looking at media, never of one at work", async () => {
    const idle = computer({ free: 0.5, engine: 3 });
    await idle.memory.makeRoomForEyes();
    expect(idle.released).toEqual(["engine"]);
    for (const other of [computer({ free: 0.5, engine: 3, state: "busy" }), computer({ free: 9, engine: 3 })]) {
      await other.memory.makeRoomForEyes();
      expect(other.released).toEqual([]);
    }
  });
});
