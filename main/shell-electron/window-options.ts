import type { BrowserWindowConstructorOptions, WebPreferences } from "electron";

export const ORIGIN = "app://studio";

/** The one place where a page's powers are decided: a sandboxed page with no Node, in a world of its own. */
export function webPreferences(preload: string): WebPreferences {
  return {
    preload,
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    spellcheck: false,
  };
}

export function windowOptions(preload: string): BrowserWindowConstructorOptions {
  return {
    width: 1440,
    height: 900,
    minWidth: 1200,
    minHeight: 720,
    show: false,
    title: "Plume Studio",
    backgroundColor: "#09090a",
    autoHideMenuBar: true,
    webPreferences: webPreferences(preload),
  };
}

/** What a page wants to do with an address. */
export type Wish = "navigate" | "open-window" | "request";

/** Whether it may: nothing but our own pages is ever shown, opened or fetched. Web pages are never opened in the window. */
export function mayReach(address: string, wish: Wish): boolean {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return false;
  }
  if (wish === "open-window") return false;
  if (wish === "request" && url.protocol === "blob:") return address.startsWith(`blob:${ORIGIN}/`);
  // Custom schemes have the opaque origin "null"; protocol and host say who they are.
  return url.protocol === "app:" && url.host === "studio" && url.username === "" && url.password === "";
}

/** Whether a message comes from the top frame of our own page. */
export function isOurFrame(frame: { readonly url: string; readonly parent: unknown } | null): boolean {
  return frame !== null && frame.parent === null && mayReach(frame.url, "navigate");
}
