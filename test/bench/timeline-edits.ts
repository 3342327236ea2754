/**
 * What an edit costs in the window, for each kind of edit: made through the project's session with the first clip selected, as commands
 * and drags make it. “At once” is what happens before anything else can: the edit, and React's panels. “Next frame” is the drawing that
 * follows: the canvases, style, layout. “In all” is the CPU time of the page's thread from the edit until the studio has answered and
 * its answer is drawn: the honest price, which other programs disturb least. Each edit is taken back by undo, which counts as an edit.
 */
import type { JSHandle, Page } from "playwright-core";
import type { EditCall } from "../../core/timeline/index.ts";
import type { Studio } from "../../renderer/state/context.ts";
import { spread, type Spread } from "./spread.ts";

interface EditCost {
  /** CPU milliseconds of the page’s thread until the answer is drawn. */
  readonly cpu: Spread;
  /** Milliseconds by the clock. */
  readonly now: Spread;
  readonly frame: Spread;
}
export interface EditCosts {
  readonly edits: Readonly<Record<string, EditCost>>;
  /** CPU of every edit that was made. */
  readonly all: Spread;
  /** CPU of the same waiting without an edit. */
  readonly nothing: Spread;
}

/** The window's own studio object, out of the React tree that was handed it. */
const studioOf = (page: Page): Promise<JSHandle<Studio>> =>
  page.evaluateHandle(() => {
    interface Fiber {
      readonly memoizedProps: { readonly value?: Partial<Studio> } | null;
      readonly child: Fiber | null;
    }
    const root = document.getElementById("root") as unknown as Record<string, Fiber>;
    const key = Object.keys(root).find((name) => name.startsWith("__reactContainer$"))!;
    for (let fiber: Fiber | null = root[key]!; fiber !== null; fiber = fiber.child)
      if (fiber.memoizedProps?.value?.project !== undefined) return fiber.memoizedProps.value as Studio;
    throw new Error("The window has no studio.");
  });

type Step = EditCall | "undo" | "nothing";

/** Makes an edit and resolves when its answer is drawn. */
const make = (studio: JSHandle<Studio>, step: Step): Promise<{ now: number; frame: number }> =>
  studio.evaluate(async ({ project }, edit) => {
    const channel = new MessageChannel();
    channel.port1.start();
    const message = () =>
      new Promise<void>((done) => {
        channel.port1.addEventListener("message", () => done(), { once: true });
        channel.port2.postMessage(null);
      });
    const drawn = () =>
      new Promise<number>((done) => {
        requestAnimationFrame(() => {
          const start = performance.now();
          channel.port1.addEventListener("message", () => done(performance.now() - start), { once: true });
          channel.port2.postMessage(null);
        });
      });
    await drawn();
    const start = performance.now();
    if (edit === "undo") project.undo();
    else if (edit !== "nothing") {
      const result = project.perform(edit.name, edit.arguments);
      if (!result.ok) throw new Error(`${edit.name}: ${result.error.message}`);
    }
    // React draws in a microtask.
    await message();
    const now = performance.now() - start;
    const frame = await drawn();
    await project.settled();
    await drawn();
    channel.port1.close();
    return { now, frame };
  }, step);

/** @param cpu milliseconds that the page's thread has worked so far */
export async function measureEdits(
  page: Page,
  cpu: () => Promise<number>,
  edits: readonly EditCall[],
  count: number,
): Promise<EditCosts> {
  const studio = await studioOf(page);
  const first = edits.flatMap(({ arguments: args }) =>
    "clip" in args && typeof args.clip === "string" ? [args.clip] : [],
  )[0]!;
  await studio.evaluate(({ editUi }, id) => editUi.setState({ selection: { type: "clips", ids: [id] } }), first);
  const costs = async (step: Step) => {
    const before = await cpu();
    const times = await make(studio, step);
    return { ...times, cpu: (await cpu()) - before };
  };
  type Cost = Awaited<ReturnType<typeof costs>>;
  const made: Record<string, Cost[]> = { undo: [] };
  const nothing: Cost[] = [];
  for (let n = -2; n < count; n++) {
    nothing.push(await costs("nothing"));
    for (const edit of edits) {
      const [there, back] = [await costs(edit), await costs("undo")];
      // What is compiled and cached at first is not what edits cost.
      if (n < 0) continue;
      made[edit.name] = [...(made[edit.name] ?? []), there];
      made["undo"]!.push(back);
    }
  }
  const of = (list: readonly Cost[]): EditCost => ({
    cpu: spread(list.map((each) => each.cpu)),
    now: spread(list.map((each) => each.now)),
    frame: spread(list.map((each) => each.frame)),
  });
  return {
    edits: Object.fromEntries(Object.entries(made).map(([name, list]) => [name, of(list)])),
    all: spread(Object.values(made).flatMap((list) => list.map((each) => each.cpu))),
    nothing: spread(nothing.slice(2).map((each) => each.cpu)),
  };
}
