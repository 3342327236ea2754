/**
 * Hands on the timeline, in a real Chromium over a studio in memory: what a drag does by the tool and by the pointer's place, that each drag
 * is one step of the history, and that Esc takes it back as if it had never been.
 */
import type { Page } from "playwright-core";
import { expect, test, vi } from "vitest";
import { clipsOf, type Timeline } from "../../core/timeline/index.ts";
import { clipId, FRAME, frames, show, trackId } from "../../core/timeline/testing/sample.ts";
import { type EditPage, eventually, withEditor, type DragKeys, type Point } from "./edit-page.ts";

vi.setConfig({ testTimeout: 480_000 });

let editor: EditPage;
let page: Page;

withEditor((opened) => {
  editor = opened;
  page = opened.page;
});

/** A place on a clip: so many frames after its start, so far down; `pixels` to one side. */
async function on(name: string, frame: number, down = 0.6, pixels = 0): Promise<Point> {
  const { x, y, width, height } = await editor.box(name);
  return { x: x + (frame * width) / 24 + pixels, y: y + (down > 1 ? down : down * height) };
}
const frameWidth = async (): Promise<number> => (await editor.box("b")).width / 24;
const clip = (document: Timeline, name: string) => [...clipsOf(document)].find((each) => each.name === name)!;
const v1 = (document: Timeline): string => show(document, "V1");
const before = "a 0+24@6, b 24+24@6, c 48+24@6";

interface Way {
  readonly what: string;
  /** The tool's key. */
  readonly tool: string;
  readonly from: () => Promise<Point>;
  /** Frames to the right. */
  readonly by: number;
  /** Rows up, to the track of this name. */
  readonly onto?: string;
  readonly keys?: DragKeys;
  readonly cursor?: string;
  readonly ready?: (document: Timeline) => Promise<unknown>;
  readonly read?: (document: Timeline) => unknown;
  readonly becomes: unknown;
  readonly label: string;
}

const select = (name: string) => async (): Promise<void> => {
  const { x, y } = await on(name, 12);
  await page.mouse.click(x, y);
};
const inMiddle = (down: number) => () => on("b", 12, down);

/** Each over a, b and c of 24 frames, without a gap, out of the middle of their media. */
const ways: readonly Way[] = [
  {
    what: "the edge trims",
    tool: "v",
    from: () => on("b", 0, 0.6, 6),
    by: 4,
    cursor: "ew-resize",
    becomes: "a 0+24@6, gap 4, b 28+20@10, c 48+24@6",
    label: "Trim ‘b’",
  },
  {
    what: "the cut rolls",
    tool: "v",
    from: () => on("b", 24),
    by: -5,
    cursor: "col-resize",
    becomes: "a 0+24@6, b 24+19@6, c 43+29@1",
    label: "Roll",
  },
  {
    what: "the body moves, over what is there",
    tool: "v",
    from: inMiddle(0.6),
    by: 12,
    becomes: "a 0+24@6, gap 12, b 36+24@6, c 60+12@18",
    label: "Move ‘b’",
  },
  {
    what: "with Alt a copy is put down",
    tool: "v",
    from: inMiddle(0.6),
    by: 3,
    onto: "V2",
    keys: { held: "Alt" },
    read: (document) => [v1(document), show(document, "V2")],
    becomes: [before, "gap 27, b 27+24@6"],
    label: "Copy ‘b’",
  },
  {
    what: "ripple moves what comes after",
    tool: "b",
    from: () => on("b", 24, 0.6, -6),
    by: -4,
    cursor: "ew-resize",
    becomes: "a 0+24@6, b 24+20@6, c 44+24@6",
    label: "Ripple trim ‘b’",
  },
  {
    what: "the roll tool rolls where the select tool trims",
    tool: "n",
    from: () => on("b", 0, 0.6, 6),
    by: 3,
    cursor: "col-resize",
    becomes: "a 0+27@6, b 27+21@9, c 48+24@6",
    label: "Roll",
  },
  {
    what: "slip pulls the material under the clip",
    tool: "y",
    from: inMiddle(0.6),
    by: 3,
    becomes: "a 0+24@6, b 24+24@3, c 48+24@6",
    label: "Slip ‘b’",
  },
  {
    what: "slide moves the clip between its neighbours",
    tool: "u",
    from: inMiddle(0.6),
    by: 4,
    cursor: "grab",
    becomes: "a 0+28@6, b 28+24@6, c 52+20@10",
    label: "Slide ‘b’",
  },
  {
    what: "the trim tool slips in the upper half",
    tool: "t",
    from: inMiddle(0.35),
    by: -4,
    becomes: "a 0+24@6, b 24+24@10, c 48+24@6",
    label: "Slip ‘b’",
  },
  {
    what: "the trim tool slides in the lower half",
    tool: "t",
    from: inMiddle(0.8),
    by: 4,
    becomes: "a 0+28@6, b 28+24@6, c 52+20@10",
    label: "Slide ‘b’",
  },
  {
    what: "track select takes all that comes after along",
    tool: "a",
    from: inMiddle(0.6),
    by: 6,
    cursor: "e-resize",
    becomes: "a 0+24@6, gap 6, b 30+24@6, c 54+24@6",
    label: "Move 2 clips",
  },
  {
    what: "the handle at the upper left fades in",
    tool: "v",
    ready: select("b"),
    from: () => on("b", 0, 20, 6),
    by: 6,
    cursor: "ew-resize",
    read: (document) => clip(document, "b").fadeIn / FRAME,
    becomes: 6,
    label: "Change clip ‘b’",
  },
  {
    what: "the handle at the upper right fades out",
    tool: "v",
    ready: select("b"),
    from: () => on("b", 24, 20, -6),
    by: -9,
    read: (document) => clip(document, "b").fadeOut / FRAME,
    becomes: 9,
    label: "Change clip ‘b’",
  },
  {
    what: "a diamond moves its keyframe",
    tool: "v",
    async ready(document) {
      await editor.edit("setKeyframe", {
        clip: clipId(document, "b"),
        parameter: "opacity",
        time: frames(6),
        value: 0.5,
      });
      await select("b")();
    },
    from: () => on("b", 6, 54),
    by: 5,
    read: (document) => clip(document, "b").parameters.opacity,
    becomes: { keyframes: [{ time: frames(11), value: 0.5, easing: { type: "linear" } }] },
    label: "Set keyframe ‘b’",
  },
  {
    what: "a transition's edge makes it longer",
    tool: "v",
    ready: (document) =>
      editor.edit("addTransition", {
        clip: clipId(document, "a"),
        edge: "end",
        type: "dissolve",
        duration: frames(8),
      }),
    from: () => on("b", 4, 0.6, -2),
    by: 2,
    cursor: "ew-resize",
    becomes: "a 0+24@6, dissolve 4|6, b 24+24@6, c 48+24@6",
    label: "Change transition",
  },
  {
    what: "a marker is carried along the ruler",
    tool: "v",
    ready: () => editor.edit("addMarker", { markedRange: { start: frames(10), duration: 0 } }),
    async from() {
      const stage = (await page.locator(".timeline__stage").boundingBox())!;
      return { x: (await on("a", 10)).x, y: stage.y + 32 };
    },
    by: 7,
    read: (document) => document.markers.map(({ markedRange }) => markedRange.start / FRAME),
    becomes: [17],
    label: "Change marker",
  },
];

test("by tool and by place a drag trims, rolls, moves, copies, slips, slides, fades: one step each, and Esc takes it back", async () => {
  const start = await editor.openThree();
  for (const way of ways) {
    await page.keyboard.press("Escape");
    await way.ready?.(start);
    const read = way.read ?? v1;
    const was = read(await editor.document());
    const past = await editor.past();
    await page.keyboard.press(way.tool);
    const from = await way.from();
    const row = way.onto === undefined ? null : page.getByRole("group", { name: `Track ${way.onto}` });
    const over = row === null ? null : (await row.boundingBox())!;
    const to = { x: from.x + way.by * (await frameWidth()), y: over === null ? from.y : over.y + over.height / 2 };
    const stage = page.locator(".timeline__stage");
    if (way.cursor !== undefined) {
      await page.mouse.move(from.x, from.y);
      expect(await stage.evaluate((each: HTMLElement) => each.style.cursor), way.what).toBe(way.cursor);
    }

    // Seen while it is dragged; as if it had never been after Esc.
    let meanwhile: unknown;
    await editor.drag(from, to, {
      ...way.keys,
      last: "Escape",
      before: () => eventually(async () => (meanwhile = read(await editor.document()))).toEqual(way.becomes),
    });
    expect(meanwhile, way.what).toEqual(way.becomes);
    await eventually(async () => read(await editor.document())).toEqual(was);
    expect(await editor.past(), way.what).toEqual(past);

    await editor.drag(from, to, way.keys);
    await eventually(async () => read(await editor.document())).toEqual(way.becomes);
    await eventually(() => editor.past()).toEqual([...past, way.label]);
    await page.keyboard.press("Control+z");
    await eventually(async () => read(await editor.document())).toEqual(was);
    expect(await editor.past(), way.what).toEqual(past);
  }
});

test("what is snapped to is said, and with snapping off nothing snaps", async () => {
  await editor.openThree();
  const from = await on("a", 12);
  const width = await frameWidth();
  // Half a frame short of the end of c, on the track above.
  const v2 = (await page.getByRole("group", { name: "Track V2" }).boundingBox())!;
  const to = { x: from.x + 24 * width - 5, y: v2.y + v2.height / 2 };
  await editor.drag(from, to);
  await eventually(() => editor.track("V2")).toBe("gap 24, a 24+24@6");
  await eventually(() => editor.said().textContent()).toBe("Moved 24 frames later, to V2, snapped to start of ‘b’.");
  await page.keyboard.press("Control+z");
  await eventually(() => editor.track("V1")).toBe(before);
  // Snapping off, the nearest frame is taken instead.
  await page.keyboard.press("s");
  await editor.drag(from, { ...to, x: to.x - width });
  await page.keyboard.press("s");
  await eventually(() => editor.track("V2")).toBe("gap 23, a 23+24@6");
  await eventually(() => editor.said().textContent()).toMatch(/^Snapping on/);
});

test("the blade cuts where it stands, with Shift through all tracks; a frame selects, with Shift more", async () => {
  const document = await editor.openThree();
  const copy = clip(document, "a");
  await editor.edit("overwrite", { at: 0, clips: [{ track: trackId(document, "V2"), clip: { copy } }] });
  await eventually(() => editor.cell("a").count()).toBe(2);
  await page.keyboard.press("c");
  const at = await on("b", 9);
  await page.mouse.click(at.x, at.y);
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, b 24+9@6, b 33+15@15, c 48+24@6");
  const under = await editor.cell("a").last().boundingBox();
  await page.keyboard.down("Shift");
  await page.mouse.click(under!.x + (under!.width * 15) / 24, under!.y + under!.height * 0.6);
  await page.keyboard.up("Shift");
  await eventually(() => editor.track("V2")).toBe("a 0+15@6, a 15+9@21");
  await eventually(() => editor.track("V1")).toBe("a 0+15@6, a 15+9@21, b 24+9@6, b 33+15@15, c 48+24@6");
  await page.keyboard.press("v");
  await page.keyboard.press("Escape");

  const selected = async () =>
    page
      .getByRole("gridcell", { selected: true })
      .evaluateAll((cells) => cells.map((cell) => cell.getAttribute("aria-label")!.slice(0, 1)));
  const c = await editor.box("c");
  const v2 = (await page.getByRole("group", { name: "Track V2" }).boundingBox())!;
  const free = { x: c.x + c.width + 8, y: v2.y + 4 };
  await editor.drag(free, { x: c.x + 20, y: c.y + c.height - 6 });
  await eventually(selected).toEqual(["c"]);
  await editor.drag(free, { x: c.x - 20, y: c.y - 4 }, { held: "Shift" });
  await eventually(selected).toEqual(["c"]);
  await editor.drag(free, { x: c.x - 20, y: c.y + 8 }, { held: "Shift" });
  await eventually(selected).toEqual(["b", "c"]);
  // Esc gives back what was selected before.
  await editor.drag(free, { x: 0, y: free.y }, { last: "Escape" });
  await eventually(selected).toEqual(["b", "c"]);
});

test("transitions come out of their palette: dragged onto a cut, or with Enter and a double-click onto the selected one", async () => {
  await editor.openThree();
  await page.getByRole("radio", { name: "Transitions" }).click();
  const card = (name: string) => page.locator(".bin").getByRole("option", { name, exact: true });
  const stage = page.locator(".timeline__stage");
  const corner = (await stage.boundingBox())!;
  const cut = await on("b", 0);
  const onStage = { x: cut.x - corner.x + 12, y: cut.y - corner.y };
  await card("Wipe").dragTo(stage, { targetPosition: onStage });
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, wipe 6|6, b 24+24@6, c 48+24@6");
  await page.getByRole("heading", { name: "Wipe" }).waitFor();
  expect((await editor.past()).at(-1)).toBe("Add transition ‘a’");
  // Another one in its place.
  await card("Iris").dragTo(stage, { targetPosition: onStage });
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, iris 6|6, b 24+24@6, c 48+24@6");
  // On an empty track there is no cut.
  const past = await editor.past();
  const v2 = (await page.getByRole("group", { name: "Track V2" }).boundingBox())!;
  await card("Blur").dragTo(stage, { targetPosition: { x: onStage.x, y: v2.y - corner.y + 20 } });
  expect(await editor.past()).toEqual(past);

  const other = await on("c", 0);
  await page.mouse.click(other.x, other.y);
  await page.getByRole("heading", { name: "Cut", exact: true }).waitFor();
  await card("Push").dblclick();
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, iris 6|6, b 24+24@6, push 6|6, c 48+24@6");
  await page.keyboard.press("Control+z");
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, iris 6|6, b 24+24@6, c 48+24@6");
  await page.mouse.click(other.x, other.y);
  await page.getByRole("heading", { name: "Cut", exact: true }).waitFor();
  await card("Dissolve").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, iris 6|6, b 24+24@6, dip 6|6, c 48+24@6");
  await page.getByRole("radio", { name: "Project" }).click();
});

test("beyond the last track a clip makes a track of its own: one step, gone again with undo", async () => {
  await editor.openThree();
  const names = async () => (await editor.document()).tracks.map(({ name }) => name).join(" ");
  const stage = page.locator(".timeline__stage");
  const corner = (await stage.boundingBox())!;
  const from = await on("b", 12);
  await editor.drag(from, { x: from.x, y: corner.y + 20 });
  await eventually(() => editor.track("V3").catch(() => "")).toBe("gap 24, b 24+24@6");
  expect(await editor.past()).toEqual(["Overwrite 3 clips", "Move ‘b’"]);
  await eventually(() => editor.said().textContent()).toMatch(/^Moved 0 frames later, to a new track/);
  await page.keyboard.press("Control+z");
  await eventually(names).toBe("A1 A2 V1 V2 T1");
  expect(await editor.track("V1")).toBe(before);

  // Media of the bin under all tracks.
  const a2 = (await page.getByRole("group", { name: "Track A2" }).boundingBox())!;
  const under = { x: from.x - corner.x, y: a2.y + a2.height + 8 - corner.y };
  await page.locator(".bin [draggable='true']").first().dragTo(stage, { targetPosition: under });
  await eventually(names).toBe("A1 A2 V1 V2 V3 T1");
  expect((await editor.past()).length).toBe(2);
  await page.keyboard.press("Control+z");
  await eventually(names).toBe("A1 A2 V1 V2 T1");
});
