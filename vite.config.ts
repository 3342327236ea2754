import { join, resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig, type EnvironmentOptions } from "vite";
import { scriptName } from "./main/app-files/app-files.ts";

const here = import.meta.dirname;
const electronOut = resolve(here, "dist", "shell-electron");

/** Packages with native code or a WebAssembly file of their own, and what is optional; all others are bundled, so that an installed app needs no node_modules for them. */
const external = ["electron", "onnxruntime-node", "@napi-rs/canvas", "ffmpeg-static", "@contentauth/c2pa-wasm"];

/** What an installed app runs with a plain Node: the command line, and each process or thread of its own (`appScript` finds them). */
const nodeScripts = [
  "main/cli/cli.ts",
  "main/inference/worker.ts",
  "main/inference/heartbeat-thread.ts",
  "main/inference/device-probe.ts",
  "main/studio/export/worker.ts",
];

/** Bundled packages of the CommonJS kind (fluent-ffmpeg) ask for it at run time. */
const banner = "const __dirname = import.meta.dirname;";

/** One file of the Electron shell. */
function electronPart(entry: string, format: "es" | "cjs", fileName: string): EnvironmentOptions {
  return {
    consumer: "server",
    resolve: { external, noExternal: true },
    build: {
      ssr: true,
      outDir: electronOut,
      emptyOutDir: false,
      target: "node24",
      minify: false,
      chunkSizeWarningLimit: 2000,
      rolldownOptions: {
        input: resolve(here, "main", "shell-electron", entry),
        external,
        output: {
          format,
          entryFileNames: fileName,
          codeSplitting: false,
          ...(format === "es" ? { banner } : {}),
        },
      },
    },
  };
}

/** Bundles for a plain Node, for installed apps only: a checkout runs its sources. All lie in one folder, two levels below the top. */
const nodePart: EnvironmentOptions = {
  consumer: "server",
  resolve: { external, noExternal: true },
  build: {
    ssr: true,
    outDir: resolve(here, "dist", "node"),
    emptyOutDir: true,
    target: "node24",
    minify: false,
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: Object.fromEntries(nodeScripts.map((source) => [scriptName(source), join(here, source)])),
      external,
      output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "shared-[hash].js", banner },
    },
  },
};

/**
 * Builds the window, and Electron's main and preload scripts. In the window everything becomes a file of its own that the content
 * security policy's 'self' covers: no inline script or style, no data: URL, no remote font.
 */
export default defineConfig({
  root: resolve(here, "renderer"),
  base: "/",
  publicDir: false,
  plugins: [react()],
  builder: {
    // `dist/node` is built when the app is packaged (scripts/pack).
    buildApp: async (builder) => {
      for (const name of ["client", "electronMain", "electronPreload"])
        await builder.build(builder.environments[name]!);
    },
  },
  build: {
    outDir: resolve(here, "dist", "renderer"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    // The newest Chromium or Electron is the only browser there is.
    target: "chrome140",
    sourcemap: false,
  },
  environments: {
    node: nodePart,
    electronMain: electronPart("main.ts", "es", "main.js"),
    // A sandboxed preload script must be CommonJS.
    electronPreload: electronPart("preload.ts", "cjs", "preload.cjs"),
  },
});
