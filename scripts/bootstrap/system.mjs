import { existsSync } from "node:fs";
import { fail, onPath, quietly, say } from "./process.mjs";

/** Programs that come from the system and not from npm: how to see that they are there, and Debian's packages for them. */
const programs = {
  ffmpeg: {
    present: () => onPath("ffmpeg") && onPath("ffprobe"),
    debian: ["ffmpeg"],
    elsewhere: "ffmpeg (brew install ffmpeg, or winget install ffmpeg)",
  },
  browser: {
    present: () => browsers.some(onPath) || appBundles.some((path) => existsSync(path)),
    debian: ["chromium", "chromium-sandbox", "fonts-dejavu-core", "fonts-noto-core", "fonts-noto-color-emoji"],
    elsewhere: "Chrome, Chromium or Edge",
  },
  // For the test that opens a true window. Where it cannot be had, that test says that it was skipped.
  display: {
    present: () =>
      process.platform !== "linux" ||
      Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY) ||
      onPath("xvfb-run") ||
      !onPath("apt-get") ||
      process.getuid?.() !== 0,
    debian: ["xvfb", "xauth"],
    elsewhere: "xvfb",
  },
};
/** Other programs' eyes on what we write, for tests that say so where they were left out. */
const witnesses = { melt: "melt", xmllint: "libxml2-utils" };
const browsers = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];
const appBundles = [
  "/Applications/Google Chrome.app",
  "/Applications/Chromium.app",
  "/Applications/Microsoft Edge.app",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];

/** Installs missing programs with apt where that is possible as this user; otherwise says the one command to run. */
export function ensureSystem(names) {
  const missing = names.filter((name) => !programs[name].present());
  if (missing.length === 0) return;
  if (!onPath("apt-get")) {
    fail(`Please install ${missing.map((name) => programs[name].elsewhere).join(" and ")}, then run this again.`);
  }
  const packages = missing.flatMap((name) => programs[name].debian);
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  if (process.getuid?.() !== 0) {
    fail(`Some programs are missing. Run this once, then try again:
  sudo sh -c 'apt-get update && apt-get ${install.join(" ")}'`);
  }
  say(`Installing ${packages.join(", ")} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  if (!quietly("apt-get", ["update", "-qq"], { env }) || !quietly("apt-get", install, { env }))
    fail("Debian's packages could not be installed (apt's own words are above).");
}

/** Installs what tests can do without, where that is possible as this user; where it is not, the tests that need it are left out. */
export function offerWitnesses() {
  const missing = Object.keys(witnesses).filter((name) => !onPath(name));
  if (missing.length === 0 || process.platform !== "linux" || process.getuid?.() !== 0 || !onPath("apt-get")) return;
  const packages = missing.map((name) => witnesses[name]);
  say(`Installing ${packages.join(", ")} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  if (!quietly("apt-get", ["update", "-qq"], { env }) || !quietly("apt-get", install, { env }))
    say(`${packages.join(" and ")} could not be installed: tests that need them are left out.`);
}
