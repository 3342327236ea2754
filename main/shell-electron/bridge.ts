import type { IpcMain, IpcMainEvent, IpcMainInvokeEvent, NativeImage, WebContents } from "electron";
import {
  bridgeChannels,
  importPurposeSchema,
  type Menus,
  menusSchema,
  type Reply,
  type ShellWish,
  StudioError,
} from "../../core/contract/index.ts";
import type { ShellStudio } from "../shell-common/content.ts";
import { isOurFrame } from "../shell-common/decide.ts";
import { ORIGIN } from "./window-options.ts";

/** As in the browser shell: far above any request of the contract. */
const MAX_INPUT_CHARACTERS = 1 << 20;
/** Wishes that wait for a page; more than these nobody has. */
const MAX_WAITING = 20;

/** What the page may ask of the desktop beyond the contract. */
export interface BridgeDesktop {
  showMenus(menus: Menus): void;
  /** A project was opened by the page. */
  projectOpened(id: string): void;
  dragIcon(): NativeImage;
}

export interface Bridge {
  /** Tells the page, or the next one that listens. */
  wish(wish: ShellWish): void;
}

const refuse = (error: StudioError): Reply => ({ ok: false, error: error.toData() });
const FORBIDDEN = refuse(new StudioError("FORBIDDEN", "Only Plume Studio's own window may ask this."));
const NOT_UNDERSTOOD = refuse(new StudioError("BAD_REQUEST", "The request is not understood."));

/** Lets our page, and nothing else, call the studio and hear its events. Inputs are plain JSON data or they are refused. */
export function openBridge(ipc: IpcMain, studio: ShellStudio, desktop: BridgeDesktop): Bridge {
  ipc.handle(
    bridgeChannels.call,
    async (event: IpcMainInvokeEvent, method: unknown, input: unknown): Promise<Reply> => {
      if (!isOurFrame(event.senderFrame, ORIGIN)) return FORBIDDEN;
      const plain = plainData(input);
      if (typeof method !== "string" || plain === undefined) return NOT_UNDERSTOOD;
      const reply = await studio.handle(method, plain.data);
      if (reply.ok && (method === "projects.open" || method === "projects.create"))
        desktop.projectOpened((reply.value as { id: string }).id);
      return reply;
    },
  );

  ipc.handle(
    bridgeChannels.importFile,
    async (event: IpcMainInvokeEvent, path: unknown, purpose: unknown): Promise<Reply> => {
      if (!isOurFrame(event.senderFrame, ORIGIN)) return FORBIDDEN;
      if (typeof path !== "string" || path === "" || path.length > 4096) {
        return refuse(new StudioError("BAD_REQUEST", "Drop a file from this computer."));
      }
      const wanted = importPurposeSchema.safeParse(purpose ?? {});
      if (!wanted.success) return NOT_UNDERSTOOD;
      try {
        const value =
          wanted.data.opens === undefined
            ? await studio.importMedia(path, wanted.data)
            : await studio.openTimeline(path);
        return { ok: true, value };
      } catch (cause) {
        return refuse(StudioError.from(cause));
      }
    },
  );

  listenFor(ipc, bridgeChannels.listen, (page) =>
    studio.subscribe((news) => {
      if (!page.isDestroyed()) page.send(bridgeChannels.event, news);
    }),
  );

  let hear: ((wish: ShellWish) => void) | null = null;
  let waiting: ShellWish[] = [];
  listenFor(ipc, bridgeChannels.listenShell, (page) => {
    const own = (wish: ShellWish): void => {
      if (!page.isDestroyed()) page.send(bridgeChannels.wish, wish);
    };
    hear = own;
    const before = waiting;
    waiting = [];
    before.forEach(own);
    return () => {
      if (hear === own) hear = null;
    };
  });

  ipc.on(bridgeChannels.menus, (event: IpcMainEvent, menus: unknown) => {
    if (!isOurFrame(event.senderFrame, ORIGIN)) return;
    const checked = menusSchema.safeParse(plainData(menus)?.data);
    if (checked.success) desktop.showMenus(checked.data);
  });

  ipc.on(bridgeChannels.drag, (event: IpcMainEvent, id: unknown) => {
    if (!isOurFrame(event.senderFrame, ORIGIN) || typeof id !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(id)) return;
    const page = event.sender;
    studio.clipFile(id).then(
      ({ path }) => {
        if (!page.isDestroyed()) page.startDrag({ file: path, icon: desktop.dragIcon() });
      },
      () => undefined, // the clip was removed meanwhile: nothing is dragged
    );
  });

  return {
    wish(wish) {
      if (hear !== null) hear(wish);
      else waiting = [...waiting, wish].slice(-MAX_WAITING);
    },
  };
}

/** What is passed on is what was measured: no getters, no prototypes, no cycles. Undefined: no plain data, or too much. */
function plainData(value: unknown): { readonly data: unknown } | undefined {
  try {
    const text = JSON.stringify(value);
    return text === undefined || text.length > MAX_INPUT_CHARACTERS ? undefined : { data: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** Begins to listen for each page that asks; a reloaded page asks again, and one that is gone is let go. */
function listenFor(ipc: IpcMain, channel: string, begin: (page: WebContents) => () => void): void {
  const stops = new Map<WebContents, () => void>();
  ipc.on(channel, (event: IpcMainEvent) => {
    if (!isOurFrame(event.senderFrame, ORIGIN)) return;
    const page = event.sender;
    if (!stops.has(page))
      page.once("destroyed", () => {
        stops.get(page)?.();
        stops.delete(page);
      });
    stops.get(page)?.();
    stops.set(page, begin(page));
  });
}
