import {
  app,
  BrowserWindow,
  clipboard,
  crashReporter,
  dialog,
  ipcMain,
  Menu,
  nativeImage,
  Notification,
  powerSaveBlocker,
  protocol,
  type Session,
  session,
  shell,
  type WebContents,
} from "electron";
import { type Menus, StudioError } from "../../core/contract/index.ts";
import { appFile } from "../app-files/app-files.ts";
import type { ShellStudio } from "../shell-common/content.ts";
import { mayHave, mayReach } from "../shell-common/decide.ts";
import type { Studio } from "../studio/studio.ts";
import { type Bridge, openBridge } from "./bridge.ts";
import { diagnosticsText } from "./diagnostics.ts";
import { menuTemplate } from "./menu.ts";
import { decideOpening, type Opening, openingsOf } from "./open.ts";
import { Restarts } from "./restarts.ts";
import { serve } from "./serve.ts";
import type { Updates } from "./updates.ts";
import { ORIGIN, windowOptions } from "./window-options.ts";
import { createWorkIndicator } from "./work.ts";

/** What this shell needs of the studio beyond what every shell does. */
export type DesktopStudio = ShellStudio & Pick<Studio, "knowProject" | "projectFile" | "diagnose">;

export interface ElectronShellOptions {
  readonly openStudio: () => Promise<DesktopStudio>;
  /** The renderer's build. */
  readonly rendererFolder: string;
  /** The built preload script. */
  readonly preload: string;
  readonly updates: Updates;
  /** Folder of the licences of everything shipped. */
  readonly licences: string;
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

function confine(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: "deny" }));
  contents.on("will-navigate", stay);
  contents.on("will-redirect", stay);
  contents.on("will-attach-webview", (event) => event.preventDefault());
}

/**
 * The whole life of the desktop app: one instance, one window on `app://studio/`, the studio closed before the process ends.
 * Resolves once the window is open, or when this instance has handed over to the one that runs already.
 */
export async function runElectronShell(options: ElectronShellOptions): Promise<void> {
  protocol.registerSchemesAsPrivileged([
    { scheme: "app", privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
  ]);
  // Dumps stay on this computer; they are for a user who wants to send one.
  crashReporter.start({ uploadToServer: false });
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return;
  }
  app.enableSandbox();
  app.setAsDefaultProtocolClient("plume");
  app.on("web-contents-created", (_event, contents) => confine(contents));
  app.on("window-all-closed", () => app.quit());
  // What is to be opened may be told before there is anything to open it with.
  let open: ((opening: Opening) => void) | null = null;
  const waiting: Opening[] = openingsOf(process.argv).filter((opening) => opening.do !== "show");
  const take = (opening: Opening | null): void => {
    if (opening === null) return;
    if (open === null) waiting.push(opening);
    else open(opening);
  };
  for (const name of ["open-file", "open-url"] as const)
    app.on(name as "open-file", (event, what) => {
      event.preventDefault();
      take(decideOpening(what));
    });
  app.on("second-instance", (_event, argv) => openingsOf(argv).forEach(take));
  await app.whenReady();

  let studio: DesktopStudio;
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
  const window = new BrowserWindow(windowOptions(options.preload));
  window.once("ready-to-show", () => window.show());
  const bridge = openBridge(ipcMain, studio, {
    showMenus: (menus) => setMenu(menus),
    projectOpened: (id) => {
      const file = studio.projectFile(id);
      if (file !== null) app.addRecentDocument(file);
    },
    dragIcon: () => nativeImage.createFromPath(appFile("assets/desktop/drag.png")),
  });
  const setMenu = buildMenu(window, studio, options, bridge, take);
  setMenu([]);
  studio.subscribe(createWorkIndicator(desktopOf(window)));
  keepAlive(window);
  open = (opening) => {
    if (window.isMinimized()) window.restore();
    window.focus();
    if (opening.do === "known-project") bridge.wish({ type: "open-project", id: opening.id });
    if (opening.do === "project")
      studio.knowProject(opening.path).then(
        (id) => bridge.wish({ type: "open-project", id }),
        (cause: unknown) => bridge.wish({ type: "tell", sentence: StudioError.from(cause).message, kind: "problem" }),
      );
  };
  waiting.forEach(take);
  await window.loadURL(`${ORIGIN}/`);
  const news = await options.updates.atStart();
  if (news !== null) bridge.wish({ type: "tell", sentence: news, kind: "plain" });
}

/** The menu bar; returns what shows the window's commands in it. */
function buildMenu(
  window: BrowserWindow,
  studio: DesktopStudio,
  { updates, licences }: ElectronShellOptions,
  bridge: Bridge,
  take: (opening: Opening) => void,
): (menus: Menus) => void {
  const actions = {
    command: (id: string) => bridge.wish({ type: "command", id }),
    async openProject() {
      const filters = [{ name: "Plume projects", extensions: ["plume"] }];
      const { filePaths } = await dialog.showOpenDialog(window, { properties: ["openFile"], filters });
      for (const path of filePaths) take({ do: "project", path });
    },
    async copyDiagnostics() {
      const versions = { "Plume Studio": app.getVersion(), ...process.versions, system: process.platform };
      const findings = await studio.diagnose();
      await clipboard.writeText(
        await diagnosticsText(findings, versions, app.getPath("crashDumps"), app.getPath("home")),
      );
    },
    showLicences: () => void shell.openPath(licences),
    async checkForUpdates() {
      await dialog.showMessageBox(window, { message: await updates.now() });
    },
    lookAtStart: (wanted: boolean) => (updates.looksAtStart = wanted),
  };
  return (menus) => {
    const facts = { platform: process.platform, looksAtStart: updates.looksAtStart };
    Menu.setApplicationMenu(
      Menu.buildFromTemplate(
        menuTemplate(
          menus,
          {
            ...actions,
            openProject: () => void actions.openProject(),
            copyDiagnostics: () => void actions.copyDiagnostics(),
            checkForUpdates: () => void actions.checkForUpdates(),
          },
          facts,
        ),
      ),
    );
  };
}

function desktopOf(window: BrowserWindow) {
  return {
    setProgress: (fraction: number) => window.setProgressBar(fraction),
    stayAwake() {
      const blocker = powerSaveBlocker.start("prevent-app-suspension");
      return () => void powerSaveBlocker.stop(blocker);
    },
    isWatched: () => window.isFocused(),
    notify(title: string, body: string) {
      if (!Notification.isSupported()) return;
      const notification = new Notification({ title, body });
      notification.on("click", () => window.focus());
      notification.show();
    },
  };
}

/** A page whose process died is loaded anew: all that matters is in the studio. One that dies again and again is given up. */
function keepAlive(window: BrowserWindow): void {
  const restarts = new Restarts();
  window.webContents.on("render-process-gone", (_event, { reason }) => {
    if (reason === "clean-exit") return;
    if (restarts.mayRestart(Date.now())) window.webContents.reload();
    else {
      dialog.showErrorBox(
        "Plume Studio",
        "The window ended unexpectedly several times. Your project is saved: start Plume Studio again.",
      );
      app.quit();
    }
  });
}

/** Holds the end of the process back until the studio has stopped its engine and finished its writes. */
function closeBeforeQuit(studio: DesktopStudio): void {
  let closing: Promise<void> | null = null;
  app.on("will-quit", (event) => {
    if (closing) return;
    event.preventDefault();
    closing = studio.close().finally(() => app.exit(0));
  });
}
