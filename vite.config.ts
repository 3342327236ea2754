import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = import.meta.dirname;

/**
 * Builds the window. Everything becomes a file of its own that the content security policy's 'self' covers: no inline script or
 * style, no data: URL, no remote font.
 */
export default defineConfig({
  root: resolve(here, "renderer"),
  base: "/",
  publicDir: false,
  plugins: [react()],
  build: {
    outDir: resolve(here, "dist", "renderer"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    // The newest Chromium or Electron is the only browser there is.
    target: "chrome140",
    sourcemap: false,
  },
});
