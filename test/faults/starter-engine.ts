/**
 * The real engine with the real networks, for tests that kill it: it writes an animation's state down after every step that can be gone
 * on from, instead of every other second. The file that PLUME_TEST_MEMORY names, where it exists, says how many bytes of memory the
 * engine believes to have; the one that PLUME_TEST_HOLD names, where it exists, says after which step of which task it stands still
 * (`interpolate 2`) until it is killed.
 */
import { readFileSync } from "node:fs";
import { runEngine } from "../../main/inference/engine-entry.ts";
import { nativeBackend } from "../../main/inference/native-backend.ts";
import { openPipeline } from "../../native-models/index.ts";
import type { AnimateHooks, AnimateInput } from "../../native-models/types.ts";

function memory(): number {
  try {
    return Number(readFileSync(process.env["PLUME_TEST_MEMORY"] ?? "", "utf8"));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function isHeld(task: string, step: number): boolean {
  try {
    const [held, from] = readFileSync(process.env["PLUME_TEST_HOLD"] ?? "", "utf8").split(" ");
    return held === task && step >= Number(from);
  } catch {
    return false;
  }
}

/** The pipeline, whose tasks stand still after the step at which they are held was written down. */
function holding<T extends object>(pipeline: T): T {
  const held =
    (task: "keyframes" | "interpolate", run: (input: AnimateInput, hooks: AnimateHooks) => unknown) =>
    (input: AnimateInput, hooks: AnimateHooks): unknown =>
      run.call(pipeline, input, {
        ...hooks,
        async saved(state, step) {
          await hooks.saved?.(state, step);
          if (isHeld(task, step)) await new Promise(() => {});
        },
      });
  return new Proxy(pipeline, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return name === "keyframes" || name === "interpolate" ? held(name, value as never) : value.bind(target);
    },
  });
}

await runEngine({
  ...(await nativeBackend()),
  open: async (pack, options) => holding(await openPipeline(pack, { ...options, saveSeconds: 0, memory })),
});
