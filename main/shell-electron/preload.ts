import { contextBridge, ipcRenderer, webUtils } from "electron";
import type { StudioBridge } from "../../core/contract/bridge.ts";
import { bridgeChannels } from "../../core/contract/bridge.ts";

// Runs in the page's sandbox before the page. It hands over three functions on fixed channels; ipcRenderer itself stays here.
const bridge: StudioBridge = {
  send: (method, input) => ipcRenderer.invoke(bridgeChannels.call, method, input) as Promise<unknown>,
  // Only a file that the system handed to the page has a path; one that a script made has none.
  importFile: (file, purpose) =>
    ipcRenderer.invoke(bridgeChannels.importFile, webUtils.getPathForFile(file), purpose) as Promise<unknown>,
  listen(listener) {
    const pass = (_event: unknown, news: unknown) => listener(news);
    ipcRenderer.on(bridgeChannels.event, pass);
    ipcRenderer.send(bridgeChannels.listen);
    return () => ipcRenderer.off(bridgeChannels.event, pass);
  },
};
contextBridge.exposeInMainWorld("studio", bridge);
