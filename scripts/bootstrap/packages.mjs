import { existsSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, hashOf, quietly, root, say, whenChanged } from "./process.mjs";

/**
 * The last onnxruntime-node that has a binary for Macs with Intel processors. The goldens of Hummingbird and PATNet pass with it (on
 * Linux; nobody has tried it on such a Mac).
 */
const INTEL_MAC_ONNXRUNTIME = "1.23.2";

/** Installs exactly what package-lock.json names, once per change of it, and puts `plume` where npx finds it. */
export async function ensurePackages() {
  const wanted = hashOf(["package.json", "package-lock.json", ".npmrc"], `${process.platform}-${process.arch}`);
  await whenChanged("node_modules/.plume-packages", wanted, () => {
    say("Installing packages …");
    npm("ci");
    if (process.platform === "darwin" && process.arch === "x64") {
      const packages = ["onnxruntime-node", "onnxruntime-common"].map((name) => `${name}@${INTEL_MAC_ONNXRUNTIME}`);
      npm("install", "--no-save", "--ignore-scripts", ...packages);
    }
    linkCommand();
  });
}

function npm(...args) {
  const windows = process.platform === "win32";
  const all = [...args, "--no-fund", "--no-audit", "--loglevel=error"];
  if (!quietly(windows ? "npm.cmd" : "npm", all, { shell: windows }))
    fail("The packages could not be installed (npm's own words are above); check the network and try again.");
}

/** npx looks for commands of this project in node_modules/.bin; npm links those of dependencies only, not our own. */
function linkCommand() {
  const target = join(root, "node_modules", ".bin", "plume");
  if (process.platform === "win32") {
    writeFileSync(`${target}.cmd`, '@node "%~dp0\\..\\..\\main\\cli\\plume.mjs" %*\r\n');
    return;
  }
  if (existsSync(target)) rmSync(target);
  symlinkSync("../../main/cli/plume.mjs", target);
}
