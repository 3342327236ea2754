/** The inspector and the heads of tracks, in a real Chromium over a studio in memory: what they show of whatever is selected, and change. */
import type { Page } from "playwright-core";
import { expect, test, vi } from "vitest";
import { clipsOf, type Timeline } from "../../core/timeline/index.ts";
import { clipId, frames, trackId } from "../../core/timeline/testing/sample.ts";
import { heightOf } from "../../renderer/timeline/automation.ts";
import { type EditPage, eventually, withEditor } from "./edit-page.ts";

vi.setConfig({ testTimeout: 480_000 });

let editor: EditPage;
let page: Page;

withEditor((opened) => {
  editor = opened;
  page = opened.page;
});

const clip = (document: Timeline, name: string) => [...clipsOf(document)].find((each) => each.name === name)!;

test("the inspector shows whatever is selected, with a way back to how it was", async () => {
  const start = await editor.openThree();
  const inspector = page.getByRole("region", { name: "Inspector" });
  const heading = (name: string | RegExp) => inspector.getByRole("heading", { name }).waitFor();
  const fill = async (label: string, value: string) => {
    await inspector.getByLabel(label).fill(value);
    await inspector.getByLabel(label).press("Enter");
  };
  // Nothing: the project. A size of one's own has fields, one of the list has none.
  await page.keyboard.press("Escape");
  await heading(start.name);
  expect(await inspector.getByLabel("Width, px").count()).toBe(0);
  await inspector.getByLabel("Format", { exact: true }).selectOption("own");
  await fill("Width, px", "1000");
  await eventually(async () => (await editor.document()).settings.width).toBe(1000);
  await inspector.getByRole("button", { name: "Reset width" }).click();
  await eventually(async () => (await editor.document()).settings.width).toBe(1920);

  // Several clips: one value for all of them, in one step.
  await page.keyboard.press("Control+a");
  await heading("3 clips");
  const past = await editor.past();
  await fill("Opacity, %", "40");
  const opacities = async () => [...clipsOf(await editor.document())].map(({ parameters }) => parameters.opacity);
  await eventually(opacities).toEqual([0.4, 0.4, 0.4]);
  expect(await editor.past()).toEqual([...past, "Set values 3 clips"]);
  await inspector.getByRole("button", { name: "Reset opacity" }).click();
  await eventually(opacities).toEqual([undefined, undefined, undefined]);

  // One that was generated says of what, and moves.
  await page.keyboard.press("Escape");
  await editor.cell("a").focus();
  await heading("a");
  await inspector.getByText("rain", { exact: true }).waitFor();
  await inspector.getByText("Seed").waitFor();
  await inspector.getByText("All settings").click();
  await inspector.getByText("Guidance").waitFor();
  await inspector.getByRole("button", { name: "Set a keyframe of rotation" }).click();
  await eventually(async () => clip(await editor.document(), "a").parameters.rotation).toMatchObject({
    keyframes: [{}],
  });
  await inspector.getByRole("button", { name: "Reset rotation" }).click();
  await eventually(async () => clip(await editor.document(), "a").parameters).toEqual({});

  // What is chosen from a list goes back too, and says that it does not change with time.
  await inspector.getByLabel("Blend", { exact: true }).selectOption("screen");
  await eventually(async () => clip(await editor.document(), "a").blend).toBe("screen");
  await inspector.getByRole("button", { name: "Reset blend" }).click();
  await eventually(async () => clip(await editor.document(), "a").blend).toBe("normal");
  await inspector.getByTitle("Blend (does not change with time)").waitFor();

  // A title's colour has a field, a way back and keyframes.
  await editor.edit("overwrite", {
    at: 0,
    clips: [{ track: trackId(start, "T1"), clip: { text: { text: "Word", colour: "#ff0000" }, duration: frames(24) } }],
  });
  await editor.cell("Word").focus();
  await heading("Word");
  const word = async () => clip(await editor.document(), "Word");
  await inspector.getByRole("button", { name: "Set a keyframe of text colour" }).click();
  await eventually(async () => (await word()).parameters.textColour).toMatchObject({
    keyframes: [{ value: 0xff0000ff }],
  });
  await inspector.getByRole("button", { name: "Reset colour" }).click();
  await eventually(async () => (await word()).parameters).toEqual({});
  await eventually(async () => (await word()).content).toMatchObject({ style: { colour: "#ffffff" } });

  // A track's volume moves along the timeline.
  await page.getByRole("group", { name: "Track A1" }).getByText("A1", { exact: true }).click();
  await heading("A1");
  const volume = async () => (await editor.document()).tracks.find(({ name }) => name === "A1")!.volume;
  await fill("Volume, dB", "-6");
  await eventually(volume).toBe(-6);
  await inspector.getByRole("button", { name: "Set a keyframe of volume" }).click();
  await eventually(volume).toMatchObject({ keyframes: [{ time: 0, value: -6 }] });
  await page.keyboard.press("Shift+ArrowRight");
  await fill("Volume, dB", "-12");
  await eventually(volume).toMatchObject({ keyframes: [{ value: -6 }, { time: frames(10), value: -12 }] });
  await inspector.getByRole("button", { name: "Previous keyframe of volume" }).click();
  await eventually(() => inspector.getByLabel("Volume, dB").inputValue()).toBe("−6");
  // What is off says why.
  const arrow = inspector.getByRole("button", { name: "Previous keyframe of volume" });
  await eventually(() => arrow.getAttribute("title")).toBe("No keyframe stands before the playhead.");
  await eventually(() => arrow.getAttribute("aria-disabled")).toBe("true");
  await inspector.getByRole("button", { name: "Reset volume" }).click();
  await eventually(volume).toBe(0);
  await editor.edit("remove", { clips: [(await word()).id] });
  await page.keyboard.press("Escape");

  // A gap, which can be closed.
  await editor.edit("remove", { clips: [clipId(start, "b")] });
  await eventually(() => editor.cell("b").count()).toBe(0);
  const [a, c] = [await editor.box("a"), await editor.box("c")];
  await page.mouse.click((a.x + a.width + c.x) / 2, a.y + a.height / 2);
  await heading("Gap");
  await inspector.getByText("00:00:01:00", { exact: true }).waitFor();
  await inspector.getByRole("button", { name: "Close the gap" }).click();
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, c 24+24@6");

  // A marker gets a length.
  await editor.edit("addMarker", { markedRange: { start: frames(10), duration: 0 }, name: "here" });
  const stage = (await page.locator(".timeline__stage").boundingBox())!;
  await page.mouse.click(a.x + (a.width * 10) / 24, stage.y + 32);
  await heading("here");
  await fill("Length, s", "0.5");
  await eventually(async () => (await editor.document()).markers[0]?.markedRange.duration).toBe(frames(12));
  await inspector.getByRole("button", { name: "Reset length" }).click();
  await eventually(async () => (await editor.document()).markers[0]?.markedRange.duration).toBe(0);
});

test("heads of tracks lock, mute, make solo, mix and grow; the wheel zooms; a right click opens the menu of what lies there", async () => {
  await editor.openThree();
  const track = async (name: string) => (await editor.document()).tracks.find((each) => each.name === name)!;
  for (const [button, field] of [
    ["Lock V1", "locked"],
    ["Hide V1", "muted"],
    ["Solo V1", "solo"],
  ] as const) {
    await page.getByRole("button", { name: button }).click();
    await eventually(async () => (await track("V1"))[field]).toBe(true);
    if (field === "locked") {
      // Nothing on it can be moved.
      const { x, y, width, height } = await editor.box("b");
      await editor.drag({ x: x + width / 2, y: y + height * 0.6 }, { x: x + width, y: y + height * 0.6 });
      expect(await editor.track("V1")).toBe("a 0+24@6, b 24+24@6, c 48+24@6");
    }
    await page.getByRole("button", { name: button }).click();
    await eventually(async () => (await track("V1"))[field]).toBe(false);
  }
  await page.getByRole("slider", { name: "Volume of A1 in decibels" }).focus();
  await page.keyboard.press("ArrowLeft");
  await eventually(async () => (await track("A1")).volume).toBe(-0.5);

  const head = page.getByRole("group", { name: "Track V1" });
  const before = (await head.boundingBox())!;
  const edge = { x: before.x + 60, y: before.y + before.height };
  await editor.drag(edge, { x: edge.x, y: edge.y + 30 });
  await eventually(async () => Math.round((await head.boundingBox())!.height - before.height)).toBe(30);

  const wide = (await editor.box("a")).width;
  const stage = (await page.locator(".timeline__stage").boundingBox())!;
  await page.mouse.move(stage.x + 12, stage.y + 100);
  await page.keyboard.down("Control");
  await page.mouse.wheel(0, -240);
  await page.keyboard.up("Control");
  await eventually(async () => Math.round((await editor.box("a")).width / wide)).toBe(2);
  await page.keyboard.press("Backslash");
  await eventually(async () => Math.round((await editor.box("a")).width)).toBe(Math.round(wide));

  const c = await editor.box("c");
  await page.mouse.click(c.x + c.width / 2, c.y + c.height * 0.6, { button: "right" });
  await page.getByRole("menuitem", { name: /^Ripple delete/ }).click();
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, b 24+24@6");
});

test("the volume of a track is a line over its clips: dragged as a whole, with keyframes made, moved and deleted by hand and by keys", async () => {
  await editor.openThree();
  const volume = async () => (await editor.document()).tracks.find(({ name }) => name === "A1")!.volume;
  const keyframes = async () => {
    const value = await volume();
    return typeof value === "number" ? value : value.keyframes.map(({ time }) => time);
  };
  const head = page.getByRole("group", { name: "Track A1" });
  await head.getByText("A1", { exact: true }).click();
  await eventually(() => head.getAttribute("data-selected")).toBe("true");
  const [row, a] = [(await head.boundingBox())!, await editor.box("a")];
  /** On the line at 0 dB. */
  const on = (frame: number) => ({ x: a.x + (a.width * frame) / 24, y: row.y + lineAt(row.height) });
  const under = (frame: number) => ({ x: on(frame).x, y: on(frame).y + 10 });

  const steps = (await editor.past()).length;
  await editor.drag(on(36), under(36));
  await eventually(volume).toBeLessThan(-6);
  await eventually(() => editor.past().then(({ length }) => length)).toBe(steps + 1);
  await page.keyboard.press("Control+KeyZ");
  await eventually(volume).toBe(0);
  // Esc takes a drag back while it is held.
  await editor.drag(on(36), under(36), { last: "Escape" });
  await eventually(() => editor.past().then(({ length }) => length)).toBe(steps);
  await eventually(volume).toBe(0);

  await page.keyboard.down("Control");
  await page.mouse.click(on(12).x, on(12).y);
  await page.keyboard.up("Control");
  await eventually(keyframes).toEqual([frames(12)]);
  await editor.drag(on(60), under(60), { held: "Control" });
  await eventually(async () => ((await keyframes()) as number[]).length).toBe(2);
  expect((await volume()) as unknown).toMatchObject({ keyframes: [{ value: 0 }, { value: expect.any(Number) }] });
  // It snaps to the cut.
  await editor.drag(on(12), { x: on(24).x + 2, y: on(24).y });
  await eventually(async () => ((await keyframes()) as number[])[0]).toBe(frames(24));

  await editor.press("Home", "Alt+BracketRight");
  await page.keyboard.press("Alt+Delete");
  await eventually(async () => ((await keyframes()) as number[]).length).toBe(1);
  await page.keyboard.press("Control+KeyZ");
  await eventually(async () => ((await keyframes()) as number[]).length).toBe(2);
  await editor.press("Home", "Alt+KeyK", "Shift+Alt+Minus");
  await eventually(async () => ((await keyframes()) as number[])[0]).toBe(0);
  await eventually(volume).toMatchObject({ keyframes: [{ time: 0, value: -1 }, {}, {}] });
});

/** From the top of a sound track's row of this height to 0 dB on its line. */
const lineAt = (height: number): number => 4 + (height - 9) * (1 - heightOf("volume", 0));
