import type { IpcMain, IpcMainEvent, IpcMainInvokeEvent, WebContents } from "electron";
import { bridgeChannels, importPurposeSchema, type Reply, StudioError } from "../../core/contract/index.ts";
import type { ShellStudio } from "../shell-common/content.ts";
import { isOurFrame } from "../shell-common/decide.ts";
import { ORIGIN } from "./window-options.ts";

/** As in the browser shell: far above any request of the contract. */
const MAX_INPUT_CHARACTERS = 1 << 20;

const refuse = (error: StudioError): Reply => ({ ok: false, error: error.toData() });

/** Lets our page, and nothing else, call the studio and hear its events. Inputs are plain JSON data or they are refused. */
export function openBridge(ipc: IpcMain, studio: ShellStudio): void {
  ipc.handle(
    bridgeChannels.call,
    async (event: IpcMainInvokeEvent, method: unknown, input: unknown): Promise<Reply> => {
      if (!isOurFrame(event.senderFrame, ORIGIN)) {
        return refuse(new StudioError("FORBIDDEN", "Only Plume Studio's own window may ask this."));
      }
      let text: string | undefined;
      try {
        text = JSON.stringify(input);
      } catch {
        text = undefined;
      }
      if (typeof method !== "string" || text === undefined || text.length > MAX_INPUT_CHARACTERS) {
        return refuse(new StudioError("BAD_REQUEST", "The request is not understood."));
      }
      // What is passed on is what was measured: no getters, no prototypes, no cycles.
      return studio.handle(method, JSON.parse(text));
    },
  );

  ipc.handle(
    bridgeChannels.importFile,
    async (event: IpcMainInvokeEvent, path: unknown, purpose: unknown): Promise<Reply> => {
      if (!isOurFrame(event.senderFrame, ORIGIN)) {
        return refuse(new StudioError("FORBIDDEN", "Only Plume Studio's own window may ask this."));
      }
      if (typeof path !== "string" || path === "" || path.length > 4096) {
        return refuse(new StudioError("BAD_REQUEST", "Drop a file from this computer."));
      }
      const wanted = importPurposeSchema.safeParse(purpose ?? {});
      if (!wanted.success) return refuse(new StudioError("BAD_REQUEST", "The request is not understood."));
      try {
        return { ok: true, value: await studio.importMedia(path, wanted.data) };
      } catch (cause) {
        return refuse(StudioError.from(cause));
      }
    },
  );

  const stops = new Map<WebContents, () => void>();
  ipc.on(bridgeChannels.listen, (event: IpcMainEvent) => {
    if (!isOurFrame(event.senderFrame, ORIGIN)) return;
    const page = event.sender;
    // A reloaded page asks again, and gets the whole state again.
    if (!stops.has(page)) page.once("destroyed", () => stops.get(page)?.());
    stops.get(page)?.();
    stops.set(
      page,
      studio.subscribe((news) => {
        if (!page.isDestroyed()) page.send(bridgeChannels.event, news);
      }),
    );
  });
}
