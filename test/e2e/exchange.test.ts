/** What leaves the studio and comes back: exported films with their records, timelines and subtitles, in a real Chromium by real drops. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type ExportSettings, findPreset } from "../../core/export/index.ts";
import { clip as sampleClip } from "../../core/testing/samples.ts";
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
