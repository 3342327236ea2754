import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig, type EnvironmentOptions } from "vite";

const here = import.meta.dirname;
const electronOut = resolve(here, "dist", "shell-electron");

/** One file of the Electron shell. Packages stay outside; `dist/shell-electron` finds them in the app's node_modules. */
function electronPart(entry: string, format: "es" | "cjs", fileName: string): EnvironmentOptions {
  return {
    consumer: "server",
    resolve: { external: ["electron"] },
    build: {
      ssr: true,
      outDir: electronOut,
      emptyOutDir: false,
      target: "node24",
      minify: false,
      rolldownOptions: {
        input: resolve(here, "main", "shell-electron", entry),
        external: ["electron"],
        output: { format, entryFileNames: fileName, codeSplitting: false },
      },
    },
  };
}

/**
 * Builds the window, and Electron's main and preload scripts. In the window everything becomes a file of its own that the content
 * security policy's 'self' covers: no inline script or style, no data: URL, no remote font.
 */
export default defineConfig({
  root: resolve(here, "renderer"),
  base: "/",
  publicDir: false,
  plugins: [react()],
  builder: {},
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
    electronMain: electronPart("main.ts", "es", "main.js"),
    // A sandboxed preload script must be CommonJS.
    electronPreload: electronPart("preload.ts", "cjs", "preload.cjs"),
  },
});
