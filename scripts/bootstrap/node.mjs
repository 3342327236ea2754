import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fail, quietly, root, say } from "./process.mjs";

/** The Node that is fetched when the one on PATH is too old to run TypeScript directly. */
const VERSION = "24.21.0";
/** sha512 of the registry's packages, so that a tampered mirror is noticed. */
const INTEGRITY = {
  "linux-x64": "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
  "linux-arm64": "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
  "win-x64": "sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==",
};

/** Type stripping is on by default from 22.18 and 24 on; the packages we use ask for 22.12 or newer. */
export function nodeIsRecent(version) {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  return major > 22 ? major !== 23 : major === 22 && minor >= 18;
}

/** Path of a recent Node inside .tools/, fetched on first use from the npm registry (about 52 MB). */
export function ensureNode() {
  const platform = `${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const folder = join(root, ".tools", `node-${VERSION}`);
  const program = join(folder, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(program)) return program;
  const integrity = INTEGRITY[platform];
  if (!integrity) fail("Plume Studio needs Node 22.18 or newer: install it from nodejs.org and run this again.");
  say(`Node ${process.version} is too old; fetching Node ${VERSION} into .tools …`);
  mkdirSync(join(root, ".tools"), { recursive: true });
  const work = mkdtempSync(join(root, ".tools", "fetch-"));
  try {
    const name = `node-${platform}`;
    const npm = process.platform === "win32" ? "npm.cmd" : "npm";
    const shell = process.platform === "win32";
    if (!quietly(npm, ["pack", `${name}@${VERSION}`, "--pack-destination", work, "--loglevel=error"], { shell }))
      fail(
        "Node could not be fetched from the npm registry: check the network, or install Node 22.18 or newer yourself.",
      );
    const archive = join(work, `${name}-${VERSION}.tgz`);
    const digest = createHash("sha512").update(readFileSync(archive)).digest("base64");
    if (`sha512-${digest}` !== integrity)
      fail("The fetched Node does not match its known checksum; nothing was installed.");
    if (!quietly("tar", ["xzf", archive, "-C", work]))
      fail("The fetched Node could not be unpacked: is `tar` installed?");
    renameSync(join(work, "package"), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return program;
}
