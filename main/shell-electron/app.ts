import { app, BrowserWindow, dialog, ipcMain, Menu, protocol, type Session, session } from "electron";
import { StudioError } from "../../core/contract/index.ts";
import type { ShellStudio } from "../shell-common/content.ts";
import { mayHave, mayReach } from "../shell-common/decide.ts";
import { openBridge } from "./bridge.ts";
import { serve } from "./serve.ts";
import { ORIGIN, windowOptions } from "./window-options.ts";

export interface ElectronShellOptions {
  readonly openStudio: () => Promise<ShellStudio>;
  /** The renderer's build. */
  readonly rendererFolder: string;
  /** The built preload script. */
  readonly preload: string;
}

/** The page may show and load only what is ours, gets hardly a permission, and opens nothing. */
function lockDown(page: Session): void {
  page.setPermissionRequestHandler((_contents, permission, answer, { requestingUrl, isMainFrame }) =>
    answer(isMainFrame && mayHave(permission, requestingUrl, ORIGIN)),
  );
  page.setPermissionCheckHandler((_contents, permission, from) => mayHave(permission, from, ORIGIN));
  page.setDevicePermissionHandler(() => false);
  page.webRequest.onBeforeRequest((request, answer) => answer({ cancel: !mayReach(request.url, "request", ORIGIN) }));
}

function stay(event: { readonly url: string; preventDefault: () => void }): void {
  if (!mayReach(event.url, "navigate", ORIGIN)) event.preventDefault();
}

/**
 * The whole life of the desktop app: one instance, one window on `app://studio/`, the studio closed before the process ends.
 * Resolves once the window is open, or when this instance has handed over to the one that runs already.
 */
export async function runElectronShell(options: ElectronShellOptions): Promise<void> {
  protocol.registerSchemesAsPrivileged([
    { scheme: "app", privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
  ]);
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return;
  }
  app.enableSandbox();
  app.on("web-contents-created", (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: "deny" }));
    contents.on("will-navigate", stay);
    contents.on("will-redirect", stay);
    contents.on("will-attach-webview", (event) => event.preventDefault());
  });
  app.on("window-all-closed", () => app.quit());
  await app.whenReady();
  // No menu: its reload and developer tools are no part of the product.
  Menu.setApplicationMenu(null);

  let studio: ShellStudio;
  try {
    studio = await options.openStudio();
  } catch (cause) {
    dialog.showErrorBox("Plume Studio", StudioError.from(cause).message);
    app.exit(1);
    return;
  }
  closeBeforeQuit(studio);
  lockDown(session.defaultSession);
  protocol.handle("app", (request) => serve(studio, options.rendererFolder, request));
  openBridge(ipcMain, studio);

  const window = new BrowserWindow(windowOptions(options.preload));
  window.once("ready-to-show", () => window.show());
  app.on("second-instance", () => {
    if (window.isMinimized()) window.restore();
    window.focus();
  });
  await window.loadURL(`${ORIGIN}/`);
}

/** Holds the end of the process back until the studio has stopped its engine and finished its writes. */
function closeBeforeQuit(studio: ShellStudio): void {
  let closing: Promise<void> | null = null;
  app.on("will-quit", (event) => {
    if (closing) return;
    event.preventDefault();
    closing = studio.close().finally(() => app.exit(0));
  });
}
