/** Electron's entry: built into dist/shell-electron/main.js, from where `../..` is the app's folder. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { app, dialog, shell, safeStorage } from "electron";
import { StudioError } from "../../core/contract/index.ts";
import { appFile, resourcesFolder } from "../app-files/app-files.ts";
import { createStudio } from "../studio/create-studio.ts";
import { runElectronShell } from "./app.ts";
import { findEngine } from "./engine.ts";
import { keychain } from "./keychain.ts";
import { Updates } from "./updates.ts";

const here = import.meta.dirname;
const root = resolve(here, "..", "..");

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

function listTools(): readonly string[] {
  try {
    return readdirSync(join(root, ".tools"));
  } catch {
    return [];
  }
}

runElectronShell({
  rendererFolder: join(root, "dist", "renderer"),
  preload: join(here, "preload.cjs"),
  licences: resourcesFolder === null ? appFile("assets/licences") : join(resourcesFolder, "licences"),
  updates: new Updates({
    settings: join(app.getPath("userData"), "updates.json"),
    // electron-builder writes it into releases that were packed with an address.
    hasAddress: existsSync(join(process.resourcesPath, "app-update.yml")),
    load: async () => (await import("electron-updater")).default.autoUpdater,
  }),
  openStudio: async () => {
    const engine = findEngine(root, process.resourcesPath, listTools, process.env);
    if (!engine) {
      throw new StudioError(
        "INTERNAL",
        "Plume Studio is incomplete: the Node that runs its engine is missing. Install it again.",
      );
    }
    return createStudio({
      appVersion: version,
      queue: "journal",
      engine,
      reveal: async (path) => shell.showItemInFolder(path),
      openPage: (address) => shell.openExternal(address),
      ...keychain(safeStorage, process.platform),
    });
  },
}).catch((cause: unknown) => {
  dialog.showErrorBox("Plume Studio", StudioError.from(cause).message);
  app.exit(1);
});
