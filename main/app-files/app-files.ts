import { join, resolve } from "node:path";

/** Where the app's own files lie: in a checkout, or in an installed app. */
export interface AppPlaces {
  /** Folder of package.json, assets, dist; outside the archive where there is one, so that every program can read it. */
  readonly root: string;
  /** The installed app's folder of what is shipped beside it (Node, ffmpeg, licences); null in a checkout. */
  readonly resources: string | null;
}

/**
 * @param folder of the running module, two levels below the app's top: main/app-files in a checkout, dist/… once bundled
 *
 * An installed app is an archive (`app.asar`), which only Electron can look into. What a plain Node, a native library or ffmpeg reads
 * is unpacked beside it (`app.asar.unpacked`, see electron-builder.yml), under the same names.
 */
export function appPlaces(folder: string): AppPlaces {
  const root = resolve(folder, "..", "..");
  const installed = /^(.*)[\\/]app\.asar(?:\.unpacked)?$/.exec(root);
  if (installed === null) return { root, resources: null };
  const resources = installed[1]!;
  return { root: join(resources, "app.asar.unpacked"), resources };
}

const places = appPlaces(import.meta.dirname);

/** Folder of what is shipped beside an installed app; null in a checkout. */
export const resourcesFolder: string | null = places.resources;

/** Path of a file of the app, for any program to read. @param name relative to the app's top, with slashes */
export const appFile = (name: string): string => join(places.root, ...name.split("/"));

/**
 * Path of a script for a process or thread of its own. @param source its TypeScript file, relative to the checkout, one of those that
 * vite.config.ts bundles for installed apps
 */
export function appScript(source: string, { root, resources }: AppPlaces = places): string {
  if (resources === null) return join(root, ...source.split("/"));
  return join(root, "dist", "node", `${scriptName(source)}.js`);
}

/** Name of a bundled script: "main/inference/worker.ts" → "inference-worker". */
export const scriptName = (source: string): string =>
  source
    .replace(/^main\//, "")
    .replace(/\.ts$/, "")
    .replaceAll("/", "-");
