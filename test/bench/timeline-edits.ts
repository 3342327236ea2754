/**
 * What an edit costs in the window, for each kind of edit: made through the project's session with the first clip selected, as commands
 * and drags make it; each is taken back by undo.
 *
 * “Until painted” is how long the page's thread is busy from the command to the end of the frame that shows it: the edit itself, React's
 * panels but those that follow (the inspector, the bin's counts, the timeline's cells for screen readers and its scroll bar, lengths), and
 * the frame (drawing the timeline and the viewer, style, layout, paint, handing over to the compositor). Waiting for the screen's next frame
 * is not in it. It is told by the clock, so other programs disturb it. What comes after that frame is not in it either: those panels follow
 * then, and the studio is told then; both are in “CPU in all”. Undo is answered by the studio before it is shown, so it counts only there.
 * “The same without an edit” is what the page takes for a frame in which nothing is to do: it is in each of the numbers.
 *
 * “CPU in all” is CPU time of the page's thread for one edit on average, until the studio has answered and its answer is drawn (labels of
 * undo, “Saved”), without what the same frames take when nothing is edited.
 */
import type { JSHandle, Page } from "playwright-core";
import type { EditCall } from "../../core/timeline/index.ts";
import type { Studio } from "../../renderer/state/context.ts";
import { spread, type Spread } from "./spread.ts";

interface EditCost {
  /** Milliseconds by the clock: the command, and what comes with it before anything else can. */
  readonly now: Spread;
  /** The frame that shows it. */
  readonly frame: Spread;
  /** Both. */
  readonly painted: Spread;
}
export interface EditCosts {
  readonly edits: Readonly<Record<string, EditCost>>;
  /** Of every edit that was made. */
  readonly painted: Spread;
  /** The same without an edit. */
  readonly nothing: Spread;
  /** CPU milliseconds of one edit (or undo) on average until its answer is drawn, without those of the frames alone. */
  readonly cpu: number;
  readonly cpuOfFrames: number;
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
interface Times {
  readonly step: string;
  readonly now: number;
  readonly frame: number;
  readonly painted: number;
}

/** Makes one step after the other, each when the answer to the one before is drawn. */
const make = (studio: JSHandle<Studio>, steps: readonly Step[]): Promise<Times[]> =>
  studio.evaluate(async ({ project }, list) => {
    const channel = new MessageChannel();
    channel.port1.start();
    /** When the task that runs now, and what it has put before all others, is over. */
    const whenOver = (act: (now: number) => void) => {
      channel.port1.addEventListener("message", () => act(performance.now()), { once: true });
      channel.port2.postMessage(null);
    };
    const nextFrame = () =>
      new Promise<{ start: number; end: number }>((done) => {
        requestAnimationFrame(() => {
          const start = performance.now();
          // Style, layout and paint follow the frame's callbacks; a message comes after them.
          whenOver((end) => done({ start, end }));
        });
      });
    const times: Times[] = [];
    for (const step of list) {
      await nextFrame();
      // Asked for first, so that its time begins before the drawing that the edit asks for.
      const shown = nextFrame();
      const start = performance.now();
      if (step === "undo") project.undo();
      else if (step !== "nothing") {
        const result = project.perform(step.name, step.arguments);
        if (!result.ok) throw new Error(`${step.name}: ${result.error.message}`);
      }
      const [now, frame] = await Promise.all([new Promise<number>(whenOver), shown]);
      // The frame may come before the message: then all was done in one go.
      const apart = now <= frame.start;
      times.push({
        step: typeof step === "string" ? step : step.name,
        now: (apart ? now : frame.start) - start,
        frame: frame.end - frame.start,
        painted: apart ? now - start + frame.end - frame.start : frame.end - start,
      });
      await project.settled();
      for (let n = 0; n < 3; n++) await nextFrame();
    }
    channel.port1.close();
    return times;
  }, steps);

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
  const steps = edits.flatMap((edit): Step[] => [edit, "undo"]);
  const measured = async (list: readonly Step[]) => {
    const before = await cpu();
    const times = await make(studio, list);
    return { times, cpu: ((await cpu()) - before) / list.length };
  };
  const made: Awaited<ReturnType<typeof measured>>[] = [];
  const idle: typeof made = [];
  for (let n = -2; n < count; n++) {
    const [nothing, all] = [await measured(steps.map(() => "nothing")), await measured(steps)];
    // What is compiled and cached at first is not what edits cost.
    if (n < 0) continue;
    idle.push(nothing);
    made.push(all);
  }
  const times = made.flatMap((each) => each.times);
  const of = (name: string): EditCost => {
    const list = times.filter(({ step }) => step === name);
    const by = (part: "now" | "frame" | "painted") => spread(list.map((each) => each[part]));
    return { now: by("now"), frame: by("frame"), painted: by("painted") };
  };
  const mean = (list: typeof made) => list.reduce((sum, each) => sum + each.cpu, 0) / list.length;
  return {
    edits: Object.fromEntries(edits.map(({ name }) => [name, of(name)])),
    painted: spread(times.flatMap(({ step, painted }) => (step === "undo" ? [] : [painted]))),
    nothing: spread(idle.flatMap((each) => each.times.map(({ painted }) => painted))),
    cpu: mean(made) - mean(idle),
    cpuOfFrames: mean(idle),
  };
}
