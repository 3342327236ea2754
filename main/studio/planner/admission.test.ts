/** When an installation may begin: not before the memory that it takes is there. */
import { describe, expect, it } from "vitest";
import type { JobSnapshot } from "../../../core/contract/index.ts";
import { droppedJob } from "../models/store-runners.ts";
import { Admission } from "./admission.ts";

const GB = 1e9;
const job: JobSnapshot = droppedJob({ drop: "word", id: "tiny", weights: "4bit" }, "Tiny");

function admission(machine: { need: number; available: number; limit?: number; total?: number }) {
  const { need, available, limit = 8 * GB, total = 10 * GB } = machine;
  const room: unknown[] = [];
  const of = new Admission({
    planner: { plan: () => Promise.reject(new Error("nobody plans an installation")) },
    memory: {
      total,
      limit: () => Promise.resolve(limit),
      available: () => Promise.resolve(available),
      makeRoom: (...asked) => Promise.resolve(void room.push(asked)),
    },
    models: { has: () => Promise.resolve(true) },
    conversion: (asked) => Promise.resolve(asked.id === job.id ? need : Number.NaN),
  });
  return { of, room };
}

const refused = (machine: Parameters<typeof admission>[0]) => expect(admission(machine).of.admit(job)).rejects;

describe("an installation", () => {
  it("begins where there is as much memory as it takes, and has room made for exactly that", async () => {
    const { of, room } = admission({ need: 1.2 * GB, available: 1.2 * GB });
    expect(await of.admit(job)).toBeNull();
    await of.makeRoom(job);
    // What the clips' engine holds is its own: it converts.
    expect(room).toEqual([[1.2 * GB, true]]);
  });

  it("waits and says for how much", async () => {
    const { of } = admission({ need: 1.2 * GB, available: 0.8 * GB });
    expect(await of.admit(job)).toBe(
      "Waits for memory. Installing this model takes about 1.2 GB of memory, and 800 MB are free: close other programs.",
    );
  });

  it("is refused where that much will never be there, with what to do", async () => {
    await refused({ need: 1.2 * GB, available: GB, limit: GB }).toMatchObject({
      code: "MODEL_OUT_OF_MEMORY",
      message:
        "Installing this model takes about 1.2 GB of memory, and models may use 1.0 GB of this computer's 10.0 GB: raise that limit.",
    });
    await refused({ need: 1.2 * GB, available: 0.5 * GB, limit: 0.8 * GB, total: GB }).toMatchObject({
      code: "MODEL_OUT_OF_MEMORY",
      message:
        "Installing this model takes about 1.2 GB of memory, and this computer has 1.0 GB: choose a smaller model.",
    });
  });
});
