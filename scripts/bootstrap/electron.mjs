import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, say } from "./process.mjs";

const RELEASES = "https://github.com/electron/electron/releases/download/";
const ANSWER_MS = 5_000;
const DOWNLOAD_MS = 15 * 60_000;

/**
 * Sees to Electron's runtime, which is no part of its npm package: fetched by the package's own installer (which checks its sha256)
 * when it is not there. A computer without the network is not made to wait for it: the address has five seconds to answer.
 *
 * @param options.folder The npm package `electron`.
 * @param options.limitMs The longest that the download may take.
 * @returns null when the runtime can be used, else why not, as the rest of a sentence.
 */
export async function ensureElectron(options = {}) {
  const {
    folder = join(root, "node_modules", "electron"),
    env = process.env,
    platform = process.platform,
    user = process.getuid?.(),
    limitMs = DOWNLOAD_MS,
  } = options;
  if (env.PLUME_SHELL === "browser") return "PLUME_SHELL asks for the browser";
  if (platform === "linux" && !env.DISPLAY && !env.WAYLAND_DISPLAY) return "there is no display for Electron";
  if (user === 0) return "Electron does not run as root";
  if (existsSync(join(folder, "dist", "version"))) return null;
  if (!existsSync(join(folder, "install.js"))) return "the electron package is not installed";
  // A proxy is asked by the installer, not by this check.
  const address = env.ELECTRON_MIRROR ?? env.npm_config_electron_mirror ?? RELEASES;
  if (!env.ELECTRON_GET_USE_PROXY && !(await answers(address)))
    return `its runtime could not be fetched (${new URL(address).host} does not answer)`;
  say("Fetching Electron's runtime (about 120 MB, once) …");
  const problem = await install(join(folder, "install.js"), env, limitMs);
  return problem === null ? null : `its runtime could not be fetched (${problem})`;
}

async function answers(address) {
  try {
    await fetch(address, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(ANSWER_MS) });
    return true;
  } catch {
    return false;
  }
}

/** Runs the package's installer; resolves with null, or what went wrong in its own words. */
function install(script, env, limitMs) {
  return new Promise((done) => {
    const child = spawn(process.execPath, [script], { env, stdio: ["ignore", "ignore", "pipe"], timeout: limitMs });
    let said = "";
    child.stderr.on("data", (data) => {
      said = (said + data).slice(-65_536);
    });
    const pass = (signal) => {
      child.kill(signal);
      process.exit(130);
    };
    process.on("SIGTERM", pass);
    process.on("SIGINT", pass);
    child.on("close", (code, signal) => {
      process.off("SIGTERM", pass);
      process.off("SIGINT", pass);
      if (code === 0) return done(null);
      if (signal !== null) return done(`it took more than ${Math.round(limitMs / 60_000)} minutes`);
      const lines = said.split("\n").filter((line) => line.trim() !== "" && !/^\s+at /u.test(line));
      done(lines.find((line) => /error/iu.test(line))?.trim() ?? lines.at(-1)?.trim() ?? `exit code ${code}`);
    });
  });
}
