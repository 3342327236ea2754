/**
 * What leaves the studio and comes back: films from the Export workspace, exported films with their records, timelines and subtitles, in a
 * real Chromium by real drops.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { Input, Method, Output } from "../../core/contract/index.ts";
import { writeVtt } from "../../core/exchange/index.ts";
import { type ExportSettings, findPreset } from "../../core/export/index.ts";
import { clip as sampleClip } from "../../core/testing/samples.ts";
import { secondsToFlicks } from "../../core/time/index.ts";
import { locateFfmpeg } from "../../main/media/index.ts";
import { exportFilm } from "../export/export-film.ts";
import { Film, makeMedia } from "../export/films.ts";
import { eventually } from "./edit-page.ts";
import {
  accessibilityProblems,
  dropFiles,
  launchBrowser,
  openWindow,
  realEntry,
  removeFolder,
  type RunningApp,
  startApp,
  temporaryFolder,
  type Window,
} from "./harness.ts";

/** Set to a folder's name to look at what is tested. */
const KEEP = process.env["PLUME_PICTURES"];
const FIRST = { prompt: "blue bubbles rising slowly", seed: 4711, steps: 6, width: 192, height: 128 };
const SECOND = { prompt: "red rain", negativePrompt: "people", seed: 12 };

let folder = "";
let app: RunningApp;
let browser: Browser;
let window: Window;
let page: Page;
const file = (name: string) => join(folder, name);
const look = async (name: string): Promise<void> => {
  if (KEEP) await page.screenshot({ path: join(KEEP, `${name}.png`) });
};

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(file("out"));
  await exportSamples();
  app = await startApp(realEntry, { PLUME_HOME: file("home"), PLUME_OUTPUT: file("out") });
  browser = await launchBrowser();
  window = await openWindow(browser, app.url);
  page = window.page;
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
  await removeFolder(folder);
});
beforeEach(async () => {
  // The address that the app printed is good for once; what the window remembers would be the test's before.
  await page.evaluate(() => localStorage.clear());
  await page.goto(new URL("/", app.url).href);
  await page.waitForSelector("#prompt");
  await page.evaluate(() => {
    const list: string[] = [];
    Object.assign(globalThis, { told: list });
    const look = (): void => {
      const text = document.querySelector('[aria-label="Notice"]')?.textContent;
      if (text != null && text !== list.at(-1)) list.push(text);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
});

/** A film of two generated clips, and one whose prompts were left out. */
async function exportSamples(): Promise<void> {
  const tools = await locateFfmpeg();
  const [one, two] = await makeMedia(folder, ["film.mp4", "other.mp4"]);
  const media = [
    { ...one!, record: sampleClip("one", FIRST).record },
    { ...two!, record: sampleClip("two", SECOND).record },
  ];
  const both = new Film(media).put("V1", "film.mp4", { count: 6 }).put("V1", "other.mp4", { at: 6, count: 6 });
  const { settings } = findPreset("h264")!;
  const small: ExportSettings = {
    ...settings,
    smart: false,
    audio: null,
    video: { ...settings.video!, width: 128, height: 72, encoder: "software" },
  };
  await exportFilm(tools, both.document, small, folder, file("rain and bubbles.mp4"));
  const alone = new Film(media).put("V1", "film.mp4", { count: 6 });
  await exportFilm(tools, alone.document, { ...small, record: "without-prompts" }, folder, file("quiet.mp4"));
}

/** What the window has told since the test began: a notice goes by itself, or when the next one comes. */
const told = (): Promise<string> => page.evaluate(() => (globalThis as unknown as { told: string[] }).told.join("\n"));
const isTold = (sentence: string | RegExp) => eventually(told).toMatch(sentence);

/** Asks the studio as the page would. */
async function ask<M extends Method>(method: M, input: Input<M>): Promise<Output<M>> {
  const reply = await page.evaluate(
    async ([name, body]) => {
      const init = { method: "POST", headers: { "Content-Type": "application/json" }, body };
      return (await fetch(`/api/${name}`, init)).json() as Promise<{ ok: boolean; value: unknown }>;
    },
    [method, JSON.stringify(input)] as const,
  );
  expect(reply.ok).toBe(true);
  return reply.value as Output<M>;
}

let tries = 0;

it("what is on the timeline is exported from the window, and the file is there", async () => {
  tries += 1;
  await page.getByRole("navigation", { name: "Workspace" }).getByRole("button", { name: "Export" }).click();
  if (tries === 1) {
    await page.getByText(/There is nothing to export/).waitFor();
    await look("export-empty");
    expect(await page.getByRole("button", { name: "Export", exact: true }).last().isDisabled()).toBe(true);
  }
  // A title is all that this film needs.
  const { id, document } = await ask("projects.create", {
    name: `Holiday ${tries}`,
    settings: { width: 640, height: 360 },
  });
  const track = document.tracks.find(({ kind }) => kind === "text")!.id;
  const clips = [{ track, clip: { text: { text: "Holiday" }, duration: 24 * 29_400_000 } }];
  await ask("projects.edit", { id, name: "append", arguments: { clips } });
  await page.reload();
  await page.getByRole("navigation", { name: "Workspace" }).waitFor();
  await page.keyboard.press("Control+e");
  await page.getByText("H.264", { exact: true }).first().click();
  await choosesSettings();
  await page.getByText(/ · \d+ frames · /).waitFor();
  await page.getByText(/Encoded by libx264/).waitFor();
  await page.getByLabel("Name").fill(`My film ${tries}`);
  await page.getByRole("main").getByRole("button", { name: "Export", exact: true }).click();
  const jobs = page.getByRole("list", { name: "Exports" });
  await jobs.getByText(`My film ${tries}.mp4`).waitFor();
  await jobs.getByText(/checked/).waitFor({ timeout: 300_000 });
  await look("export-done");
  expect(await readdir(join(folder, "out", "Exports"))).toContain(`My film ${tries}.mp4`);
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.setViewportSize({ width: 1200, height: 720 });
  await look("export-small");
  await page.setViewportSize({ width: 1440, height: 900 });
  await jobs.getByRole("button", { name: /Take off the list/ }).click();
  await page.getByText(/What you export appears here/).waitFor();
  expect(window.offences).toEqual([]);
}, 400_000);

/** Every setting is at hand, says what comes of it, and can be taken back. */
async function choosesSettings(): Promise<void> {
  const form = page.getByRole("region", { name: "Settings" });
  await form.getByText("640 × 360 · 24 frames").waitFor();
  await form.getByLabel("Size", { exact: true }).selectOption("1280×720");
  await form.getByLabel("Rate", { exact: true }).selectOption("25");
  await form.getByText("1280 × 720 · 25 frames").waitFor();
  await form.getByLabel("Size by").selectOption("bitrate");
  await form.getByLabel("Bitrate of the pictures, kbit/s").fill("8000");
  await page.keyboard.press("Enter");
  await form.getByText("About 1.0 MB").waitFor();
  await form.getByLabel("File", { exact: true }).selectOption("webm");
  await form.getByText(".webm").waitFor();
  expect(await form.getByLabel("Codec", { exact: true }).first().inputValue()).toBe("vp9");
  await form.getByLabel("Layout").selectOption("mono");
  await form.getByLabel("Loudness").selectOption("-23");
  await form.getByRole("button", { name: /This frame/ }).click();
  await form.getByText("A PNG of 00:00:00:00").waitFor();
  await form.getByText("No clip in this range was generated").waitFor();
  await form.getByRole("heading", { name: "Custom, from H.264" }).waitFor();
  // What is silent shows no sign of distortion.
  expect(await page.getByRole("meter", { name: "Loudness" }).getAttribute("data-clipped-0")).toBeNull();
  await look("export-form");
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.setViewportSize({ width: 1200, height: 720 });
  await look("export-form-small");
  await page.setViewportSize({ width: 1440, height: 900 });
  await form.getByRole("button", { name: "Back to H.264 as it comes" }).click();
  await form.getByText("640 × 360 · 24 frames").waitFor();
  await form.getByRole("button", { name: "None", exact: true }).click();
}

const offer = () => page.getByRole("region", { name: "How it was made" });

it("an exported file dropped on Create brings its prompts and settings back", async () => {
  await page.waitForSelector(".empty, .grid");
  await page.locator("#prompt").fill("something else");
  await dropFiles(page, [file("rain and bubbles.mp4")], ".workspace");
  await offer().getByText("“rain and bubbles.mp4” carries 2 generation records.").waitFor();
  await offer().getByText(FIRST.prompt).waitFor();
  await look("offer-create");
  expect(await accessibilityProblems(page)).toEqual([]);
  await offer().getByRole("listitem").filter({ hasText: FIRST.prompt }).getByRole("button").click();
  expect(await page.locator("#prompt").inputValue()).toBe(FIRST.prompt);
  const draft = () => page.evaluate(() => JSON.parse(localStorage.getItem("plume.draft/1") ?? "{}") as unknown);
  await eventually(draft).toMatchObject({ ...FIRST, seedLocked: true });
  await offer().waitFor({ state: "detached" });
  await look("offer-used");
}, 300_000);

it("dropped on Edit it comes into the project too; a prompt that was left out leaves the one that is there", async () => {
  await page.locator("#prompt").fill("my own words");
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.waitForSelector(".bin");
  await dropFiles(page, [file("quiet.mp4")], ".bin");
  await offer().getByText("The prompt was left out.").waitFor();
  await page.locator(".bin").getByText("quiet.mp4").waitFor();
  await look("offer-edit");
  await offer().getByRole("button", { name: "Use in Create" }).click();
  expect(await page.locator("#prompt").inputValue()).toBe("my own words");
  await isTold("the prompt was left out of the file");
  expect(window.offences).toEqual([]);
}, 300_000);

const OTHER = {
  OTIO_SCHEMA: "Timeline.1",
  name: "Cut of somebody else",
  tracks: {
    OTIO_SCHEMA: "Stack.1",
    children: [
      {
        OTIO_SCHEMA: "Track.1",
        kind: "Video",
        name: "V1",
        children: [
          {
            OTIO_SCHEMA: "Clip.1",
            name: "opening shot",
            source_range: {
              start_time: { OTIO_SCHEMA: "RationalTime.1", rate: 24, value: 0 },
              duration: { OTIO_SCHEMA: "RationalTime.1", rate: 24, value: 48 },
            },
            media_reference: { OTIO_SCHEMA: "ExternalReference.1", target_url: "file:///elsewhere/film.mp4" },
          },
        ],
      },
    ],
  },
};
const SUBTITLES = "1\n00:00:00,500 --> 00:00:01,000\nHello there\n\n2\n00:00:01,000 --> 00:00:01,900\nGeneral\n";

it("another editor's timeline opens as a project, its media are found by name, subtitles come onto it, and it goes out again", async () => {
  await writeFile(file("cut.otio"), JSON.stringify(OTHER));
  await writeFile(file("words.srt"), SUBTITLES);
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.waitForSelector(".bin");
  await dropFiles(page, [file("cut.otio")], ".bin");
  await isTold(/Opened “Cut of somebody else” from “cut.otio”. “film.mp4” was not found/);
  await page.getByText("“film.mp4” is missing.").waitFor();
  await look("exchange-opened");
  await dropFiles(page, [file("film.mp4")], ".bin");
  await page.getByText("“film.mp4” is missing.").waitFor({ state: "detached" });
  await dropFiles(page, [file("words.srt")], ".bin");
  await isTold("2 subtitles of “words.srt” added on a track of their own.");
  for (const name of [/Hello there/, /General/, /opening shot/]) await page.getByRole("gridcell", { name }).waitFor();
  await look("exchange-subtitles");
  // Out again by the palette, and by the form.
  await page.keyboard.press("Control+p");
  await page.getByRole("combobox", { name: "Find a command" }).fill("Write EDL");
  await page.keyboard.press("Enter");
  await isTold("Wrote “Cut of somebody else.edl” into the folder for exports");
  expect(await readFile(join(folder, "out", "Exports", "Cut of somebody else.edl"), "utf8")).toMatch(
    /FROM CLIP NAME: opening shot/,
  );
  await page.getByRole("navigation", { name: "Workspace" }).getByRole("button", { name: "Export" }).click();
  await page.getByText("SubRip subtitles", { exact: true }).click();
  await page.getByLabel("Name").fill("spoken");
  await look("exchange-form");
  await page.getByRole("button", { name: "Write", exact: true }).click();
  await isTold("Wrote “spoken.srt” into the folder for exports.");
  const written = await readFile(join(folder, "out", "Exports", "spoken.srt"), "utf8");
  expect(written).toMatch(/00:00:00,500 --> 00:00:01,000\r\nHello there/);
  expect(window.offences).toEqual([]);
}, 300_000);

it("Chromium shows our WebVTT as it is meant: times, lines, and signs that look like markup", async () => {
  const cues = [
    { start: 0.5, end: 1.25, text: "Ünïcode & <signs>\nin two lines" },
    { start: 3661.001, end: 3662, text: "a --> b &amp; <i>not slanted</i>" },
  ];
  const text = writeVtt(
    cues.map((cue) => ({ ...cue, start: secondsToFlicks(cue.start), end: secondsToFlicks(cue.end) })),
  );
  const other = await browser.newPage();
  try {
    const shown = await other.evaluate(async (source) => {
      const video = document.createElement("video");
      const track = document.createElement("track");
      track.src = URL.createObjectURL(new Blob([source], { type: "text/vtt" }));
      video.append(track);
      document.body.append(video);
      const loaded = new Promise((done, fail) => {
        track.addEventListener("load", done);
        track.addEventListener("error", fail);
      });
      track.track.mode = "hidden";
      await loaded;
      return [...(track.track.cues as unknown as Iterable<VTTCue>)].map((cue) => ({
        start: cue.startTime,
        end: cue.endTime,
        text: cue.getCueAsHTML().textContent,
      }));
    }, text);
    expect(shown).toEqual(cues);
  } finally {
    await other.close();
  }
}, 120_000);
