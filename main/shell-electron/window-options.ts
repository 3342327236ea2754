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
