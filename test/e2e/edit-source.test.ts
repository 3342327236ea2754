/**
 * What comes onto the timeline in other ways than by dragging: three-point edits out of the source viewer, pasting, clips that are made anew
 * after they failed; and what is heard in sound: music under a voice, beats. In a real Chromium over a studio in memory with real media.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { planSound } from "../../core/render-plan/index.ts";
import { FLICKS_PER_SECOND } from "../../core/time/index.ts";
import { type Clip, clipsOf, mediaOf, type Timeline } from "../../core/timeline/index.ts";
import { clipId, frames, trackId } from "../../core/timeline/testing/sample.ts";
import { type EditPage, eventually, withEditor } from "./edit-page.ts";
import { removeFolder, temporaryFolder, uploadFile } from "./harness.ts";

vi.setConfig({ testTimeout: 480_000 });

let editor: EditPage;
let page: Page;
let files = "";

withEditor((opened) => {
  editor = opened;
  page = opened.page;
});
beforeAll(async () => {
  files = await temporaryFolder();
});
afterAll(() => removeFolder(files));

/** Makes a sound of so many seconds out of an expression of the time. */
function sound(name: string, expression: string, seconds: number): string {
  const path = join(files, name);
  const source = `aevalsrc='${expression}':s=44100:d=${seconds}`;
  execFileSync("ffmpeg", ["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source, path]);
  return path;
}
const clip = (document: Timeline, name: string): Clip =>
  [...clipsOf(document)].find((each) => each.name.startsWith(name))!;
async function goTo(timecode: string): Promise<void> {
  const field = page.getByLabel("Timecode of the playhead");
  await field.fill(timecode);
  await field.press("Enter");
}

test("out of the source viewer with , and . : of four points three count", async () => {
  await editor.openThree();
  await goTo("00:00:01:00");
  await page.locator(".bin-item").first().dblclick();
  await page.getByRole("button", { name: /^Insert from the source/ }).waitFor();
  // The source runs at 8 frames a second: from 0.5 s to 1.5 s.
  await goTo("00:00:00:04");
  await page.keyboard.press("i");
  await goTo("00:00:01:03");
  await page.keyboard.press("o");
  await eventually(() => page.locator(".transport__duration").innerText()).toContain("00:00:01:00");
  await page.keyboard.press(",");
  await eventually(() => editor.track("V1")).toMatch(/^a 0\+24@6, rain\S* 24\+24@12, b 48\+24@6, c 72\+24@6$/);
  await page.keyboard.press("Control+z");
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, b 24+24@6, c 48+24@6");
  // The playhead stands behind what was inserted.
  await page.keyboard.press(".");
  await eventually(() => editor.track("V1")).toMatch(/^a 0\+24@6, b 24\+24@6, rain\S* 48\+24@12$/);
  await page.keyboard.press("Control+z");
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, b 24+24@6, c 48+24@6");
  // In and out on the timeline: the source's out gives way.
  await goTo("00:00:00:06");
  await page.keyboard.press("i");
  await goTo("00:00:00:17");
  await page.keyboard.press("o");
  await page.keyboard.press(".");
  await eventually(() => editor.track("V1")).toMatch(
    /^a 0\+6@6, rain\S* 6\+12@12, a 18\+6@24, b 24\+24@6, c 48\+24@6$/,
  );
});

test("pasting: between what is there, and only how a clip looks", async () => {
  const document = await editor.openThree();
  const a = clipId(document, "a");
  await editor.edit("setClip", { clips: [a], fadeIn: frames(4), blend: "screen" });
  await editor.edit("setKeyframe", { clip: a, parameter: "opacity", time: frames(2), value: 0.5 });
  await eventually(() => editor.cell("a").getAttribute("aria-label")).toMatch(/fades in/);
  await editor.cell("a").focus();
  await page.keyboard.press("Control+c");
  await editor.cell("c").focus();
  await page.keyboard.press("Control+Alt+v");
  await eventually(() => editor.past().then((past) => past.at(-1))).toBe("Paste attributes ‘c’");
  const painted = { fadeIn: frames(4), blend: "screen", parameters: { opacity: { keyframes: [{ time: frames(2) }] } } };
  expect(clip(await editor.document(), "c")).toMatchObject(painted);
  expect(clip(await editor.document(), "b")).toMatchObject({ fadeIn: 0, blend: "normal", parameters: {} });
  await page.keyboard.press("Escape");
  await page.keyboard.press("Home");
  await page.keyboard.press("Control+Shift+v");
  await eventually(() => editor.track("V1")).toBe("a 0+24@6, a 24+24@6, b 48+24@6, c 72+24@6");
  expect(clip(await editor.document(), "a")).toMatchObject(painted);
  expect((await editor.past()).at(-1)).toBe("Copy ‘a’");
});

/** How loud the music is while the voice sounds, by how loud it is alone, in decibels. */
const drop = (timeline: Timeline): number => {
  const gain = (frame: number) =>
    planSound(timeline, frames(frame)).find(({ track }) => track === trackId(timeline, "A2"))!.gain;
  return Math.round(20 * Math.log10(gain(72) / gain(12)));
};

test("music goes down under a voice, and beats become markers on the clip", async () => {
  const document = await editor.openThree();
  const voice = await uploadFile(page, sound("voice.wav", "0.4*sin(2*PI*220*t)", 2));
  const music = await uploadFile(page, sound("music.wav", "0.9*sin(2*PI*110*t)*exp(-9*mod(t\\,0.5))", 6));
  const id = (await editor.state()).id;
  await editor.ask("projects.useMedia", { id, media: [voice, music] });
  const put = { track: trackId(document, "A1"), offset: frames(48), clip: { media: voice } };
  const clips = [put, { track: trackId(document, "A2"), clip: { media: music } }];
  await editor.edit("overwrite", { at: 0, clips, link: false });
  await eventually(() => editor.cell("music.wav").count()).toBe(1);

  await page.getByRole("button", { name: "A2", exact: true }).click();
  await page.getByRole("checkbox", { name: "While A1 sounds" }).check();
  await eventually(async () => drop(await editor.document())).toBe(-12);
  const amount = page.getByLabel("By, dB");
  await amount.fill("20");
  await amount.press("Enter");
  await eventually(async () => drop(await editor.document())).toBe(-20);
  await page.getByRole("button", { name: "Reset by" }).click();
  await eventually(async () => drop(await editor.document())).toBe(-12);
  await page.getByRole("button", { name: /^A2 quieter under others/ }).waitFor();

  await editor.cell("music.wav").focus();
  await page.keyboard.press("Alt+b");
  await eventually(async () => clip(await editor.document(), "music").markers.length).toBeGreaterThan(8);
  const { markers } = clip(await editor.document(), "music");
  expect(new Set(markers.map(({ name }) => name))).toEqual(new Set(["beat"]));
  for (const { markedRange } of markers) {
    const beats = markedRange.start / FLICKS_PER_SECOND / 0.5;
    expect(Math.abs(beats - Math.round(beats))).toBeLessThan(0.15);
  }
  await eventually(() => editor.said().textContent()).toBe(`${markers.length} beats marked.`);
  expect((await editor.past()).at(-1)).toBe("Mark ‘music.wav’");
});

test("a clip that could not be made says why, is tried again, or asked for in other words", async () => {
  await editor.openThree();
  const made = async (): Promise<Clip> => {
    const all = [...clipsOf(await editor.document())];
    return all.find(({ name }) => !["a", "b", "c"].includes(name))!;
  };
  const takes = async () => {
    const { content } = await made();
    return content.type === "media" ? content.takes : [];
  };
  async function generate(prompt: string): Promise<void> {
    // The next job fails, as when the engine dies.
    process.kill(editor.app.pid, "SIGUSR2");
    const b = await editor.box("b");
    await editor.cell("b").focus();
    await page.keyboard.press("Escape");
    await page.mouse.click(b.x + b.width / 2, b.y + b.height / 2);
    await page.keyboard.press("Delete");
    await eventually(() => editor.track("V1")).toBe("a 0+24@6, gap 24, c 48+24@6");
    await page.mouse.click(b.x + b.width / 2, b.y + b.height / 2);
    await page.keyboard.press("g");
    await page.getByRole("dialog", { name: "Generate here" }).getByLabel("Describe the clip").fill(prompt);
    await page.keyboard.press("Enter");
    await eventually(async () => (await takes())[0]?.problem ?? "").toMatch(/^The engine stopped/);
    expect((await editor.past()).at(-1)).toMatch(/^Generate ‘/);
  }
  const inspector = page.getByRole("region", { name: "Inspector" });

  await generate("blue bubbles");
  const name = (await made()).name;
  await eventually(() => editor.cell(name).getAttribute("aria-label")).toMatch(/failed: The engine stopped/);
  await inspector.getByText("blue bubbles").first().waitFor();
  await inspector.getByRole("button", { name: "Retry" }).click();
  await eventually(async () => (await takes()).map(({ media, problem }) => [media !== null, problem])).toEqual([
    [true, null],
  ]);
  await eventually(() => editor.cell(name).getAttribute("aria-label")).toMatch(/, generated/);
  // How it was made stands beside it.
  await inspector.getByText("Seed").waitFor();

  await editor.openThree();
  await generate("red rain");
  await inspector.getByRole("button", { name: "Edit…" }).click();
  const words = page.getByRole("dialog", { name: "Generate here" }).getByLabel("Describe the clip");
  await eventually(() => words.inputValue()).toBe("red rain");
  await words.fill("a golden star");
  await page.keyboard.press("Enter");
  await eventually(async () => (await takes()).every(({ problem }) => problem === null)).toBe(true);
  await eventually(async () => (await takes()).at(-1)?.media ?? null).not.toBeNull();
  const document = await editor.document();
  expect(mediaOf(document, await made())?.record).toMatchObject({ request: { prompt: "a golden star" } });
});
