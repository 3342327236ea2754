import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const onPath = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];
const elsewhere: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
  ],
  win32: ["Google\\Chrome\\Application\\chrome.exe", "Microsoft\\Edge\\Application\\msedge.exe"].flatMap((path) =>
    [process.env["ProgramFiles"], process.env["ProgramFiles(x86)"], process.env["LOCALAPPDATA"]].flatMap((base) =>
      base ? [join(base, path)] : [],
    ),
  ),
};

/** A Chromium, Chrome or Edge on this machine, or null. PLUME_BROWSER names another one. */
export function findBrowser(environment: NodeJS.ProcessEnv = process.env): string | null {
  const chosen = environment["PLUME_BROWSER"];
  if (chosen) return existsSync(chosen) ? chosen : null;
  const folders = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = [
    ...onPath.flatMap((name) => folders.map((folder) => join(folder, name))),
    ...(elsewhere[process.platform] ?? []),
  ];
  return candidates.find((path) => existsSync(path)) ?? null;
}

/** False on a Linux machine without a display, where opening a window could only fail. */
export function hasDisplay(environment: NodeJS.ProcessEnv = process.env, platform = process.platform): boolean {
  return platform !== "linux" || Boolean(environment["DISPLAY"] ?? environment["WAYLAND_DISPLAY"]);
}

/**
 * Arguments for a window of its own without tabs or address bar. The profile is ours, so that no extension, no history and no
 * account of the user's browser is in it and the browser's process ends with the window.
 */
export function windowArguments(url: string, profileFolder: string, isRoot: boolean): readonly string[] {
  return [
    `--app=${url}`,
    `--user-data-dir=${profileFolder}`,
    "--window-size=1440,900",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-extensions",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-features=Translate,MediaRouter,OptimizationHints,AutofillServerCommunication",
    "--password-store=basic",
    "--use-mock-keychain",
    "--class=plume-studio",
    // Chromium refuses its sandbox to root, as in containers.
    ...(isRoot ? ["--no-sandbox", "--test-type"] : []),
  ];
}

export interface BrowserWindow {
  /** Resolves when the user closed the window. */
  readonly closed: Promise<void>;
  close(): void;
}

/** Opens the window. Errors: rejects when the program cannot be started. */
export async function openWindow(program: string, url: string, profileFolder: string): Promise<BrowserWindow> {
  const child: ChildProcess = spawn(program, [...windowArguments(url, profileFolder, process.getuid?.() === 0)], {
    // Browsers chatter on stderr about the desktop's services; none of it is for the user.
    stdio: "ignore",
  });
  const closed = new Promise<void>((done) => child.once("exit", () => done()));
  await new Promise<void>((started, failed) => {
    child.once("spawn", started);
    child.once("error", failed);
  });
  return { closed, close: () => void child.kill("SIGTERM") };
}
