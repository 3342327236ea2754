/** Electron's entry: built into dist/shell-electron/main.js, from where `../..` is the app's folder. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { app, dialog, shell } from "electron";
import { StudioError } from "../../core/contract/index.ts";
import { createStudio } from "../studio/create-studio.ts";
import { runElectronShell } from "./app.ts";
import { findEngine } from "./engine.ts";

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
    });
  },
}).catch((cause: unknown) => {
  dialog.showErrorBox("Plume Studio", StudioError.from(cause).message);
  app.exit(1);
});
