import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { bridgeChannels, contract, StudioError } from "../../core/contract/index.ts";
import { createFakeStudio, type FakeStudio } from "../shell-browser/testing/fake-studio.ts";
import { runElectronShell } from "./app.ts";
import * as electron from "./testing/fake-electron.ts";
import { Updates } from "./updates.ts";

vi.mock("electron", () => import("./testing/fake-electron.ts"));

let folder = "";
let studio: FakeStudio;
/** What the fake studio has not: projects on disk, and a look at itself. */
const desktop = {
  knowProject: async (path: string) => {
    if (path.includes("missing")) throw new StudioError("NOT_FOUND", "There is no project there.");
    return "known1";
  },
  projectFile: (id: string) => (id === "unknown" ? null : `/films/${id}.plume`),
  diagnose: async () => [{ name: "ffmpeg", ok: true, sentence: "ffmpeg 6 (/nowhere/home/bin/ffmpeg)." }],
};
const updater = {
  autoDownload: true,
  offered: null as string | null,
  fetched: 0,
  async checkForUpdates() {
    if (this.offered === "error") throw new Error("offline");
    return { isUpdateAvailable: this.offered !== null, updateInfo: { version: this.offered ?? "1.2.3" } };
  },
  async downloadUpdate() {
    this.fetched += 1;
  },
};
const load = vi.fn(async () => updater);
const options = () => ({
  rendererFolder: folder,
  preload: join(folder, "preload.cjs"),
  licences: join(folder, "licences"),
  updates: new Updates({ settings: join(folder, "updates.json"), hasAddress: true, load }),
});
let window: electron.BrowserWindow;
const ours = { url: "app://studio/", parent: null };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-electron-"));
  await writeFile(join(folder, "index.html"), "<!doctype html>");
  studio = await createFakeStudio({ stepMs: 1 });
  await runElectronShell({
    openStudio: async () => Object.assign(studio, desktop),
    ...options(),
  });
  window = electron.BrowserWindow.opened[0]!;
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

const invoke = (event: object, ...args: unknown[]) =>
  electron.ipcMain.handlers.get(bridgeChannels.call)?.(...([event, ...args] as never[]));
const fetchApp = (url: string, init?: RequestInit) => electron.protocol.handlers.get("app")!(new Request(url, init));

test("the page is sandboxed, isolated and without Node", () => {
  expect(window.options).toMatchObject({
    show: false,
    webPreferences: {
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      allowRunningInsecureContent: false,
    },
  });
  expect(electron.app.calls).toContain("enableSandbox");
  expect(window.loaded).toEqual(["app://studio/"]);
  expect(window.calls).toContain("show");
});

test("our scheme is a secure, streaming, standard one", () => {
  expect(electron.protocol.schemes).toEqual([
    { scheme: "app", privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
  ]);
});

describe("leaving the app", () => {
  test.each([
    ["app://studio/", true],
    ["app://studio/index.html", true],
    ["https://example.org/", false],
    ["http://127.0.0.1/", false],
    ["file:///etc/passwd", false],
    ["app://other/", false],
    ["app://studio.evil/", false],
    ["app://user@studio/", false],
    ["javascript:alert(1)", false],
    ["data:text/html,x", false],
    ["not an address", false],
  ])("navigating to %s: %j", (url, allowed) => {
    const prevented: string[] = [];
    for (const name of ["will-navigate", "will-redirect"]) {
      window.webContents.emit(name, { url, preventDefault: () => prevented.push(name) });
    }
    expect(prevented).toHaveLength(allowed ? 0 : 2);
    let cancelled: boolean | null = null;
    electron.session.defaultSession.before({ url }, ({ cancel }) => (cancelled = cancel));
    expect(cancelled).toBe(!allowed);
  });

  test("no page opens another, not even our own; no webview; hardly a permission", () => {
    for (const url of ["app://studio/", "https://example.org/"]) {
      expect(window.webContents.openHandler({ url })).toEqual({ action: "deny" });
    }
    const preventDefault = vi.fn();
    window.webContents.emit("will-attach-webview", { preventDefault });
    expect(preventDefault).toHaveBeenCalled();
    const { defaultSession } = electron.session;
    const ask = (permission: string, requestingUrl: string, isMainFrame = true) => {
      let granted: boolean | null = null;
      defaultSession.request(null, permission, (answer) => (granted = answer), { requestingUrl, isMainFrame });
      return granted;
    };
    expect(ask("media", "app://studio/")).toBe(false);
    expect(ask("fullscreen", "https://example.org/")).toBe(false);
    expect(ask("fullscreen", "app://studio/", false)).toBe(false);
    // Text can be copied, and the viewer fills the screen.
    expect(ask("fullscreen", "app://studio/")).toBe(true);
    expect(ask("clipboard-sanitized-write", "app://studio/")).toBe(true);
    expect(defaultSession.check(null, "clipboard-read", "app://studio/")).toBe(false);
    expect(defaultSession.check(null, "clipboard-sanitized-write", "https://example.org/")).toBe(false);
    expect(electron.session.defaultSession.device()).toBe(false);
  });
});

const bring = (event: object, path: unknown) =>
  electron.ipcMain.handlers.get(bridgeChannels.importFile)?.(...([event, path] as never[]));

test("a file's path reaches the studio only from our own page, and only as text", async () => {
  const importMedia = vi.spyOn(studio, "importMedia").mockResolvedValue({ id: "m" } as never);
  expect(await bring({ senderFrame: ours }, "/home/me/logo.png")).toEqual({ ok: true, value: { id: "m" } });
  expect(importMedia).toHaveBeenCalledWith("/home/me/logo.png", {});
  importMedia.mockClear();
  const elsewhere = { senderFrame: { url: "https://example.org/", parent: null } };
  expect(await bring(elsewhere, "/etc/passwd")).toMatchObject({ ok: false, error: { code: "FORBIDDEN" } });
  for (const path of ["", 7, null, "x".repeat(5000)])
    expect(await bring({ senderFrame: ours }, path)).toMatchObject({ ok: false, error: { code: "BAD_REQUEST" } });
  expect(importMedia).not.toHaveBeenCalled();
  importMedia.mockRestore();
});

describe("calls from the page", () => {
  test("our own top frame is answered", async () => {
    expect(await invoke({ senderFrame: ours }, "models.list", {})).toMatchObject({ ok: true });
  });

  test.each(Object.keys(contract))("%s is refused to anyone else", async (method) => {
    const before = studio.calls.length;
    for (const senderFrame of [
      null,
      { url: "https://example.org/", parent: null },
      { url: "app://studio/", parent: {} },
      { url: "about:blank", parent: null },
      { url: "app://studio.evil/", parent: null },
    ]) {
      expect(await invoke({ senderFrame }, method, {})).toMatchObject({ ok: false, error: { code: "FORBIDDEN" } });
    }
    expect(studio.calls).toHaveLength(before);
  });

  test("what is no plain data, no method or too large is refused", async () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    for (const [method, input] of [
      [7, {}],
      ["jobs.list", undefined],
      ["jobs.list", cycle],
      ["jobs.list", 1n],
      ["jobs.list", { text: "x".repeat(1 << 21) }],
    ]) {
      expect(await invoke({ senderFrame: ours }, method, input)).toMatchObject({ error: { code: "BAD_REQUEST" } });
    }
  });

  test("events go to our page, begin anew after a reload, and stop with it", async () => {
    const stranger = new electron.FakeContents();
    electron.ipcMain.emit(bridgeChannels.listen, {
      senderFrame: { url: "https://x/", parent: null },
      sender: stranger,
    });
    expect(stranger.sent).toEqual([]);
    const page = window.webContents;
    electron.ipcMain.emit(bridgeChannels.listen, { senderFrame: ours, sender: page });
    electron.ipcMain.emit(bridgeChannels.listen, { senderFrame: ours, sender: page });
    expect(page.sent.map(({ data }) => (data as { type: string }).type)).toEqual(["hello", "hello"]);
    const request = { prompt: "x", steps: 1, width: 64, height: 64, frames: 1 };
    await invoke({ senderFrame: ours }, "jobs.generate", { request, variations: 1 });
    expect(page.sent).toHaveLength(3);
    await vi.waitFor(() => expect(JSON.stringify(page.sent).includes('"state":"done"')).toBe(true), 30_000);
    page.emit("destroyed");
    page.destroyed = true;
    const count = page.sent.length;
    await invoke({ senderFrame: ours }, "jobs.generate", { request, variations: 1 });
    expect(page.sent).toHaveLength(count);
  });
});

describe("app://studio", () => {
  test("serves the renderer with the same headers as the browser shell", async () => {
    const page = await fetchApp("app://studio/");
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await page.text()).toBe("<!doctype html>");
  });

  test.each([
    ["app://other/", 403],
    ["app://studio/%2e%2e/secret", 404],
    ["app://studio/none.js", 404],
    ["app://studio/media/unknown", 404],
    ["app://studio/api/jobs.list", 404],
  ])("%s gives %i", async (url, status) => {
    expect((await fetchApp(url)).status).toBe(status);
  });

  test("clips answer byte ranges", async () => {
    const reply = (await invoke({ senderFrame: ours }, "library.list", {})) as {
      value: { id: string; bytes: number }[];
    };
    const clip = reply.value[0]!;
    const part = await fetchApp(`app://studio/media/${clip.id}`, { headers: { range: "bytes=4-7" } });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 4-7/${clip.bytes}`]);
    expect(await part.text()).toBe("ftyp");
    expect((await fetchApp(`app://studio/media/${clip.id}`, { method: "POST" })).status).toBe(405);
  });
});

// The page of the tests above is gone; this is a new one.
const page = () => Object.assign(window.webContents, { destroyed: false });
const wishes = () =>
  page()
    .sent.filter(({ channel }) => channel === bridgeChannels.wish)
    .map(({ data }) => data);
const listen = () => electron.ipcMain.emit(bridgeChannels.listenShell, { senderFrame: ours, sender: page() });
const item = (label: string) =>
  electron.Menu.menu.flatMap(({ submenu }) => submenu ?? []).find((each) => each.label === label)!;

describe("the desktop around the window", () => {
  test("crash dumps stay here, and links of our own scheme come to us", () => {
    expect(electron.crashReporter.options).toEqual([{ uploadToServer: false }]);
    expect(electron.app.calls).toContain("scheme plume");
  });

  test("the window's commands stand in the menu bar and go back to it; nothing else is there to harm", () => {
    const menus = [{ title: "Edit", items: [{ id: "history.undo", title: "Undo", chord: "Mod+KeyZ", begins: true }] }];
    electron.ipcMain.emit(bridgeChannels.menus, { senderFrame: ours, sender: page() }, menus);
    const undo = item("Undo");
    expect(undo).toMatchObject({ accelerator: "CommandOrControl+Z", registerAccelerator: false });
    listen();
    undo.click?.({ checked: false });
    expect(wishes()).toEqual([{ type: "command", id: "history.undo" }]);
    expect(JSON.stringify(electron.Menu.menu)).not.toMatch(/devtools|reload/i);
  });

  test("a second start brings the window to the front and opens what it was given", async () => {
    page().sent.length = 0;
    electron.app.emit("second-instance", {}, ["plume", "--flag"]);
    expect(window.calls.slice(-2)).toEqual(["restore", "focus"]);
    expect(wishes()).toEqual([]);
    electron.app.emit("second-instance", {}, ["plume", "/films/A film/A film.plume"]);
    await vi.waitFor(() => expect(wishes()).toEqual([{ type: "open-project", id: "known1" }]));
    electron.app.emit("second-instance", {}, ["plume", "/films/missing.plume"]);
    await vi.waitFor(() =>
      expect(wishes().at(-1)).toEqual({ type: "tell", sentence: "There is no project there.", kind: "problem" }),
    );
    const preventDefault = vi.fn();
    electron.app.emit("open-url", { preventDefault }, "plume://project/abc");
    expect(wishes().at(-1)).toEqual({ type: "open-project", id: "abc" });
    electron.app.emit("open-file", { preventDefault }, "/films/B.plume");
    await vi.waitFor(() => expect(wishes()).toHaveLength(4));
    expect(preventDefault).toHaveBeenCalledTimes(2);
  });

  test("what is asked for while no page listens is told to the next one, once", () => {
    page().sent.length = 0;
    page().emit("destroyed");
    item("Undo").click?.({ checked: false });
    expect(wishes()).toEqual([]);
    listen();
    listen();
    expect(wishes()).toEqual([{ type: "command", id: "history.undo" }]);
  });

  test("projects are chosen in the system's dialog, and those that were opened are recent documents", async () => {
    page().sent.length = 0;
    electron.dialog.chosen = ["/films/C.plume"];
    item("Open project…").click?.({ checked: false });
    await vi.waitFor(() => expect(wishes()).toEqual([{ type: "open-project", id: "known1" }]));
    const reply = (await invoke({ senderFrame: ours }, "projects.create", { name: "Film" })) as {
      value: { id: string };
    };
    expect(electron.app.recent).toEqual([`/films/${reply.value.id}.plume`]);
  });

  test("work shows in dock or taskbar, keeps the computer awake, and tells its end when nobody looks", async () => {
    // What the tests above have queued.
    await vi.waitFor(() => expect(electron.powerSaveBlocker.held.size).toBe(0), 30_000);
    electron.Notification.shown.length = 0;
    window.progress.length = 0;
    window.focused = false;
    const request = { prompt: "a brook", steps: 2, width: 64, height: 64, frames: 1 };
    await invoke({ senderFrame: ours }, "jobs.generate", { request, variations: 1 });
    await vi.waitFor(() => expect(electron.powerSaveBlocker.held.size).toBe(1));
    await vi.waitFor(() => expect(window.progress.at(-1)).toBe(-1), 30_000);
    expect(electron.powerSaveBlocker.held.size).toBe(0);
    expect(electron.Notification.shown).toEqual([{ title: "Clip is ready", body: expect.stringMatching(/\.mp4$/) }]);
    window.focused = true;
    const begun = electron.powerSaveBlocker.next;
    await invoke({ senderFrame: ours }, "jobs.generate", { request, variations: 1 });
    await vi.waitFor(() => expect(electron.powerSaveBlocker.next).toBe(begun + 1), 30_000);
    await vi.waitFor(() => expect(electron.powerSaveBlocker.held.size).toBe(0), 30_000);
    expect(electron.Notification.shown).toHaveLength(1);
  });

  test("diagnostics are copied without the user's folders; licences are shown", async () => {
    item("Copy diagnostics").click?.({ checked: false });
    await vi.waitFor(() => expect(electron.clipboard.text).toContain("Plume Studio 1.2.3"));
    expect(electron.clipboard.text).toContain("ok    ffmpeg 6 (~/bin/ffmpeg).");
    item("Licences").click?.({ checked: false });
    expect(electron.shell.opened).toEqual([join(folder, "licences")]);
  });

  test("updates are looked for when the user asks, and at the start only for those who said so", async () => {
    expect(load).not.toHaveBeenCalled();
    item("Check for updates…").click?.({ checked: false });
    await vi.waitFor(() => expect(electron.dialog.messages).toEqual(["This is the newest Plume Studio."]));
    expect(updater.autoDownload).toBe(false);
    item("Look for updates at start").click?.({ checked: true });
    const { updates } = options();
    expect(updates.looksAtStart).toBe(true);
    updater.offered = "2.0.0";
    expect(await updates.atStart()).toContain("Plume Studio 2.0.0 was fetched");
    expect(updater.fetched).toBe(1);
    updater.offered = "error";
    expect(await updates.atStart()).toBeNull();
    expect(await updates.now()).toContain("check the network");
    updates.looksAtStart = false;
    load.mockClear();
    expect(await options().updates.atStart()).toBeNull();
    const without = new Updates({ settings: join(folder, "updates.json"), hasAddress: false, load });
    expect(await without.now()).toContain("no address");
    expect(load).not.toHaveBeenCalled();
  });

  test("a page that dies is loaded anew, one that dies again and again is given up", () => {
    for (let n = 0; n < 3; n++) page().emit("render-process-gone", {}, { reason: "crashed" });
    page().emit("render-process-gone", {}, { reason: "clean-exit" });
    expect([page().reloads, electron.dialog.errors]).toEqual([3, []]);
    page().emit("render-process-gone", {}, { reason: "oom" });
    expect(page().reloads).toBe(3);
    expect(electron.dialog.errors.splice(0)).toEqual([expect.stringContaining("Your project is saved")]);
  });
});

test("the studio is closed once before the process ends", async () => {
  const close = vi.spyOn(studio, "close");
  const preventDefault = vi.fn();
  electron.app.emit("will-quit", { preventDefault });
  electron.app.emit("will-quit", { preventDefault });
  await vi.waitFor(() => expect(electron.app.calls).toContain("exit 0"), 30_000);
  expect(close).toHaveBeenCalledTimes(1);
  expect(preventDefault).toHaveBeenCalledTimes(1);
});

test("a studio that cannot open says why and ends; another instance hands over", async () => {
  const windows = electron.BrowserWindow.opened.length;
  await runElectronShell({
    ...options(),
    openStudio: () => Promise.reject(new StudioError("ALREADY_RUNNING", "Plume Studio is running already.")),
  });
  expect(electron.dialog.errors).toEqual(["Plume Studio is running already."]);
  expect(electron.app.calls).toContain("exit 1");
  electron.app.hasLock = false;
  const openStudio = vi.fn();
  await runElectronShell({ ...options(), openStudio });
  expect(openStudio).not.toHaveBeenCalled();
  expect(electron.app.calls.at(-1)).toBe("quit");
  expect(electron.BrowserWindow.opened).toHaveLength(windows);
});
