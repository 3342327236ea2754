import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import type { Input, Method, Output, ProjectState } from "../../core/contract/index.ts";
import type { EditArguments, EditName, Timeline } from "../../core/timeline/index.ts";
import { frames, show, trackId } from "../../core/timeline/testing/sample.ts";
import {
  askStudio,
  fakeEntry,
  launchBrowser,
  openWindow,
  removeFolder,
  type RunningApp,
  startApp,
  temporaryFolder,
  type Window,
} from "./harness.ts";

/** Machines that test may be busy with other things. */
export const eventually = <T>(get: () => T) => expect.poll(get, { timeout: 60_000 });

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Keys for one drag: those that are held, and one that is pressed before letting go. */
export interface DragKeys {
  readonly held?: "Alt" | "Shift" | "Control";
  readonly last?: string;
  /** Called while the button is down, at the end of the way. */
  readonly before?: () => Promise<unknown>;
}

let projects = 0;

/** The editor in a page of its own, over a studio in memory with real projects on disk in a folder of its own. */
export class EditPage {
  readonly app: RunningApp;
  readonly page: Page;
  private readonly home: string;
  private readonly window: Window;
  private project = "";

  private constructor(home: string, app: RunningApp, window: Window) {
    this.home = home;
    this.app = app;
    this.window = window;
    this.page = window.page;
  }

  static async open(browser: Browser): Promise<EditPage> {
    const home = await temporaryFolder();
    await mkdir(join(home, "projects"));
    const app = await startApp(fakeEntry, {
      PLUME_HOME: home,
      PLUME_FAKE_STEP_MS: "10",
      PLUME_FAKE_PROJECTS: join(home, "projects"),
    });
    return new EditPage(home, app, await openWindow(browser, app.url));
  }

  async close(): Promise<void> {
    await this.window.context.close();
    const code = await this.app.stop();
    await removeFolder(this.home);
    expect(code).toBe(0);
    expect(this.window.offences).toEqual([]);
  }

  ask<M extends Method>(method: M, input: Input<M>): Promise<Output<M>> {
    return askStudio(this.page, method, input);
  }
  state(): Promise<ProjectState> {
    return this.ask("projects.open", { id: this.project });
  }
  async document(): Promise<Timeline> {
    return (await this.state()).document;
  }
  /** A track in words: `a 0+24@6, gap 12, …`. */
  async track(name: string): Promise<string> {
    return show(await this.document(), name);
  }
  /** Labels of the steps that can be undone. */
  async past(): Promise<readonly string[]> {
    return (await this.ask("projects.history", { id: this.project })).past;
  }
  edit<N extends EditName>(name: N, args: EditArguments<N>) {
    return this.ask("projects.edit", { id: this.project, name, arguments: args });
  }

  async makeClip(prompt: string): Promise<void> {
    const done = this.page.locator('[data-tile][data-state="done"]');
    const before = await done.count();
    await this.page.fill("#prompt", prompt);
    await this.page.press("#prompt", "Enter");
    await eventually(() => done.count()).toBe(before + 1);
  }

  /** A new project with clips a, b and c of 24 frames on V1, of one generated clip of at least 48; all of it in sight. */
  async openThree(): Promise<Timeline> {
    await this.letGo();
    if ((await this.ask("library.list", {})).length === 0) await this.makeClip("rain");
    const name = `Test ${++projects}`;
    const { id, document } = await this.ask("projects.create", { name });
    this.project = id;
    const clip = (await this.ask("library.list", {})).find(({ record }) => record.request.prompt === "rain");
    await this.ask("projects.useMedia", { id, media: [clip!.id] });
    const v1 = trackId(document, "V1");
    const clips = ["a", "b", "c"].map((each, i) => ({
      track: v1,
      offset: frames(24 * i),
      clip: { media: clip!.id, name: each, sourceRange: { start: frames(6), duration: frames(24) } },
    }));
    await this.edit("overwrite", { at: 0, clips, link: false });
    await this.page.evaluate(() => localStorage.clear());
    await this.page.reload();
    await this.openEdit();
    await this.page.getByRole("button", { name: `Project: ${name}` }).waitFor();
    await eventually(() => this.cell("a").count()).toBe(1);
    await this.page.keyboard.press("Backslash");
    return this.document();
  }

  /** Whatever a test that failed half-way was holding. */
  private async letGo(): Promise<void> {
    await this.page.mouse.up();
    for (const key of ["Alt", "Shift", "Control"]) await this.page.keyboard.up(key);
  }

  async openEdit(): Promise<void> {
    const workspaces = this.page.getByRole("navigation", { name: "Workspace" });
    await workspaces.getByRole("button", { name: "Edit", exact: true }).click();
    await this.page.getByRole("grid", { name: "Clips" }).waitFor();
  }

  /** A clip of the timeline as screen readers find it, at the place where it is drawn. */
  cell(name: string): Locator {
    return this.page.getByRole("gridcell", { name: new RegExp(`^${name},`) });
  }
  async box(name: string) {
    return (await this.cell(name).boundingBox())!;
  }
  /** What is said to those who listen. */
  said(): Locator {
    return this.page.locator("output[aria-live]").first();
  }
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Drags with the pointer in small steps, as a hand does. */
  async drag(from: Point, to: Point, { held, last, before }: DragKeys = {}): Promise<void> {
    const { mouse, keyboard } = this.page;
    await mouse.move(from.x, from.y);
    if (held !== undefined) await keyboard.down(held);
    await mouse.down();
    await mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 4 });
    await mouse.move(to.x, to.y, { steps: 4 });
    await before?.();
    if (last !== undefined) await keyboard.press(last);
    await mouse.up();
    if (held !== undefined) await keyboard.up(held);
  }
}

/** One editor, in a browser of its own, for all tests of a file. @param opened gets it before the first of them */
export function withEditor(opened: (editor: EditPage) => void): void {
  let browser: Browser | undefined;
  let editor: EditPage | undefined;
  beforeAll(async () => {
    browser = await launchBrowser();
    editor = await EditPage.open(browser);
    opened(editor);
  }, 240_000);
  afterAll(async () => {
    await editor?.close();
    await browser?.close();
  });
}
