import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ShellStudio } from "../shell-common/content.ts";
import { startServer } from "./server.ts";
import { type BrowserWindow, findBrowser, hasDisplay, openWindow } from "./window.ts";

export interface BrowserShellOptions {
  readonly studio: ShellStudio;
  /** The renderer's build. */
  readonly rendererFolder: string;
  /** Folder for the window's profile and the port of last time (the browser ties the page's memory to it). */
  readonly profileFolder: string;
  /** 0 or absent: the port of last time if it is free, else any. */
  readonly port?: number;
  /** False: only print where the studio is. Default true. */
  readonly openWindow?: boolean;
  /** Program to open the window with; absent: one that is found on this machine. */
  readonly browser?: string;
}

export interface BrowserShell {
  /** The address to open, good for one visit; afterwards the window has its session. */
  readonly url: string;
  /** Null when no window could be opened; `url` is then to be shown to the user. */
  readonly window: BrowserWindow | null;
  /** Closes window and server; the studio stays open and is its owner's to close. Safe to call twice. */
  close(): Promise<void>;
}

/** Serves the studio on loopback and opens its window. */
export async function startBrowserShell(options: BrowserShellOptions): Promise<BrowserShell> {
  await mkdir(options.profileFolder, { recursive: true, mode: 0o700 });
  const portFile = join(options.profileFolder, "port");
  const port = options.port || Number(await readFile(portFile, "utf8").catch(() => "0"));
  const server = await startServer(options.studio, options.rendererFolder, port >= 1024 && port < 65_536 ? port : 0);
  // Without the note, only the draft of a prompt is forgotten at the next start.
  await writeFile(portFile, String(server.port)).catch(() => undefined);
  const browser = options.browser ?? findBrowser();
  const window =
    options.openWindow !== false && browser && hasDisplay()
      ? await openWindow(browser, server.launchUrl, join(options.profileFolder, "window")).catch(() => null)
      : null;
  return {
    url: server.launchUrl,
    window,
    async close() {
      window?.close();
      await server.close();
    },
  };
}
