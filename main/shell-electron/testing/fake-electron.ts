/** Electron's main-process API as far as the shell uses it, writing down what is done to it. For tests. */
import { EventEmitter } from "node:events";

type Handler = (...args: never[]) => unknown;

export class FakeContents extends EventEmitter {
  readonly sent: { channel: string; data: unknown }[] = [];
  openHandler: (details: { url: string }) => { action: string } = () => ({ action: "allow" });
  destroyed = false;
  setWindowOpenHandler(handler: typeof this.openHandler) {
    this.openHandler = handler;
  }
  send(channel: string, data: unknown) {
    this.sent.push({ channel, data });
  }
  readonly dragged: { file: string }[] = [];
  reloads = 0;
  isDestroyed() {
    return this.destroyed;
  }
  startDrag(item: { file: string }) {
    this.dragged.push(item);
  }
  reload() {
    this.reloads += 1;
  }
}

export class BrowserWindow extends EventEmitter {
  static readonly opened: BrowserWindow[] = [];
  readonly webContents = new FakeContents();
  readonly loaded: string[] = [];
  readonly calls: string[] = [];
  readonly options: object;
  constructor(options: object) {
    super();
    this.options = options;
    BrowserWindow.opened.push(this);
    app.emit("web-contents-created", {}, this.webContents);
  }
  async loadURL(url: string) {
    this.loaded.push(url);
    this.emit("ready-to-show");
  }
  show() {
    this.calls.push("show");
  }
  focus() {
    this.calls.push("focus");
  }
  restore() {
    this.calls.push("restore");
  }
  isMinimized() {
    return true;
  }
  focused = true;
  isFocused() {
    return this.focused;
  }
  readonly progress: number[] = [];
  setProgressBar(fraction: number) {
    this.progress.push(fraction);
  }
}

class FakeApp extends EventEmitter {
  readonly calls: string[] = [];
  hasLock = true;
  requestSingleInstanceLock() {
    return this.hasLock;
  }
  enableSandbox() {
    this.calls.push("enableSandbox");
  }
  readonly recent: string[] = [];
  addRecentDocument(path: string) {
    this.recent.push(path);
  }
  setAsDefaultProtocolClient(scheme: string) {
    this.calls.push(`scheme ${scheme}`);
  }
  getVersion() {
    return "1.2.3";
  }
  getPath(name: string) {
    return `/nowhere/${name}`;
  }
  async whenReady() {
    this.calls.push("whenReady");
  }
  quit() {
    this.calls.push("quit");
  }
  exit(code: number) {
    this.calls.push(`exit ${code}`);
  }
}
export const app = new FakeApp();

class FakeIpc extends EventEmitter {
  readonly handlers = new Map<string, Handler>();
  handle(channel: string, handler: Handler) {
    this.handlers.set(channel, handler);
  }
}
export const ipcMain = new FakeIpc();

class FakeProtocol {
  schemes: readonly { readonly scheme: string; readonly privileges: object }[] = [];
  readonly handlers = new Map<string, (request: Request) => Promise<Response>>();
  registerSchemesAsPrivileged(schemes: FakeProtocol["schemes"]) {
    this.schemes = schemes;
  }
  handle(scheme: string, handler: (request: Request) => Promise<Response>) {
    this.handlers.set(scheme, handler);
  }
}
export const protocol = new FakeProtocol();

type PermissionRequest = (
  contents: unknown,
  permission: string,
  answer: (granted: boolean) => void,
  details: { requestingUrl: string; isMainFrame: boolean },
) => void;
type PermissionCheck = (contents: unknown, permission: string, from: string) => boolean;
type BeforeRequest = (request: { url: string }, answer: (result: { cancel: boolean }) => void) => void;

class FakeSession {
  request: PermissionRequest = (_contents, _permission, answer) => answer(true);
  check: PermissionCheck = () => true;
  device: () => boolean = () => true;
  before: BeforeRequest = (_request, answer) => answer({ cancel: false });
  readonly webRequest = {
    onBeforeRequest: (handler: BeforeRequest) => {
      this.before = handler;
    },
  };
  setPermissionRequestHandler(handler: PermissionRequest) {
    this.request = handler;
  }
  setPermissionCheckHandler(handler: PermissionCheck) {
    this.check = handler;
  }
  setDevicePermissionHandler(handler: () => boolean) {
    this.device = handler;
  }
}
export const session = { defaultSession: new FakeSession() };

export const dialog = {
  errors: [] as string[],
  messages: [] as string[],
  /** What the user will choose. */
  chosen: [] as string[],
  showErrorBox(_title: string, text: string) {
    dialog.errors.push(text);
  },
  async showOpenDialog() {
    return { filePaths: dialog.chosen };
  },
  async showMessageBox(_window: unknown, { message }: { message: string }) {
    dialog.messages.push(message);
  },
};

export interface FakeMenuItem {
  readonly label?: string;
  readonly role?: string;
  readonly id?: string;
  readonly type?: string;
  readonly accelerator?: string;
  readonly submenu?: readonly FakeMenuItem[];
  readonly click?: (item: { checked: boolean }) => void;
}
export const Menu = {
  menu: [] as readonly FakeMenuItem[],
  buildFromTemplate: (template: readonly FakeMenuItem[]) => template,
  setApplicationMenu: (menu: readonly FakeMenuItem[]) => (Menu.menu = menu),
};

export const clipboard = { text: "", writeText: (text: string) => (clipboard.text = text) };
export const crashReporter = {
  options: [] as object[],
  start: (options: object) => void crashReporter.options.push(options),
};
export const nativeImage = { createFromPath: (path: string) => ({ path }) };
export const shell = { opened: [] as string[], openPath: async (path: string) => void shell.opened.push(path) };
export const powerSaveBlocker = {
  held: new Set<number>(),
  next: 1,
  start(kind: string) {
    if (kind !== "prevent-app-suspension") throw new Error(kind);
    powerSaveBlocker.held.add(powerSaveBlocker.next);
    return powerSaveBlocker.next++;
  },
  stop: (id: number) => powerSaveBlocker.held.delete(id),
};
export class Notification extends EventEmitter {
  static readonly shown: { title: string; body: string }[] = [];
  static isSupported() {
    return true;
  }
  private readonly options: { title: string; body: string };
  constructor(options: { title: string; body: string }) {
    super();
    this.options = options;
  }
  show() {
    Notification.shown.push(this.options);
  }
}
