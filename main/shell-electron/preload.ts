import { contextBridge, ipcRenderer, webUtils } from "electron";
import type { StudioBridge } from "../../core/contract/bridge.ts";
import { bridgeChannels } from "../../core/contract/channels.ts";

/** Listens to what comes on a channel, and asks for it. */
function listen(ask: string, channel: string, listener: (data: unknown) => void): () => void {
  const pass = (_event: unknown, data: unknown) => listener(data);
  ipcRenderer.on(channel, pass);
  ipcRenderer.send(ask);
  return () => ipcRenderer.off(channel, pass);
}

// Runs in the page's sandbox before the page. It hands over functions on fixed channels; ipcRenderer itself stays here.
const bridge: StudioBridge = {
  send: (method, input) => ipcRenderer.invoke(bridgeChannels.call, method, input) as Promise<unknown>,
  // Only a file that the system handed to the page has a path; one that a script made has none.
  importFile: (file, purpose) =>
    ipcRenderer.invoke(bridgeChannels.importFile, webUtils.getPathForFile(file), purpose) as Promise<unknown>,
  listen: (listener) => listen(bridgeChannels.listen, bridgeChannels.event, listener),
  listenShell: (listener) => listen(bridgeChannels.listenShell, bridgeChannels.wish, listener),
  showMenus: (menus) => ipcRenderer.send(bridgeChannels.menus, menus),
  dragClip: (id) => ipcRenderer.send(bridgeChannels.drag, id),
};
contextBridge.exposeInMainWorld("studio", bridge);
