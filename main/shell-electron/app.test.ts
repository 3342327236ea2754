import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { bridgeChannels, contract, StudioError } from "../../core/contract/index.ts";
import { createFakeStudio, type FakeStudio } from "../shell-browser/testing/fake-studio.ts";
import { runElectronShell } from "./app.ts";
import * as electron from "./testing/fake-electron.ts";

vi.mock("electron", () => import("./testing/fake-electron.ts"));

let folder = "";
let studio: FakeStudio;
let window: electron.BrowserWindow;
const ours = { url: "app://studio/", parent: null };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-electron-"));
  await writeFile(join(folder, "index.html"), "<!doctype html>");
  studio = await createFakeStudio({ stepMs: 1 });
  await runElectronShell({
    openStudio: async () => studio,
    rendererFolder: folder,
    preload: join(folder, "preload.cjs"),
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
  expect(electron.Menu.menu).toBeNull();
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

test("a second start brings the window to the front", () => {
  electron.app.emit("second-instance");
  expect(window.calls.slice(-2)).toEqual(["restore", "focus"]);
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
  const options = { rendererFolder: folder, preload: "" };
  const windows = electron.BrowserWindow.opened.length;
  await runElectronShell({
    ...options,
    openStudio: () => Promise.reject(new StudioError("ALREADY_RUNNING", "Plume Studio is running already.")),
  });
  expect(electron.dialog.errors).toEqual(["Plume Studio is running already."]);
  expect(electron.app.calls).toContain("exit 1");
  electron.app.hasLock = false;
  const openStudio = vi.fn();
  await runElectronShell({ ...options, openStudio });
  expect(openStudio).not.toHaveBeenCalled();
  expect(electron.app.calls.at(-1)).toBe("quit");
  expect(electron.BrowserWindow.opened).toHaveLength(windows);
});
