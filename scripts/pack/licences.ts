/**
 * Gathers the licences of everything that an installed app consists of: every npm package that is bundled or shipped, the Node that
 * runs the engine, ffmpeg, and what lies in assets. (Electron's and Chromium's own come with Electron's runtime.)
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface LockEntry {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface ShippedPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression of its package.json. */
  readonly licence: string;
  /** Licence and notice files, one after another. */
  readonly text: string;
}

/** Dependencies that are used at install time only, or shipped as something else. */
const NOT_SHIPPED: Readonly<Record<string, readonly string[]>> = {
  "": ["ffmpeg-static"], // its binary is ffmpeg, which has a notice of its own
  "node_modules/onnxruntime-node": ["adm-zip", "global-agent"], // they fetch CUDA
};

/** Packages without a licence file of their own are covered by the one of the package that they are a part of. */
const COVERED_BY: readonly [part: RegExp, whole: string][] = [
  [/^@napi-rs\/canvas-/, "@napi-rs/canvas"],
  [/^@radix-ui\//, "radix-ui"],
];

/** The packages that the app's own dependencies lead to and that are installed here, by name. */
export function shippedPackages(root: string): ShippedPackage[] {
  const lock = (
    JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Record<string, LockEntry> }
  ).packages;
  const found = new Set<string>();
  const visit = (key: string): void => {
    for (const name of Object.keys({ ...lock[key]?.dependencies, ...lock[key]?.optionalDependencies })) {
      const dependency = NOT_SHIPPED[key]?.includes(name) ? null : resolveIn(lock, key, name);
      // Packages for other systems are in the lockfile and not on this disk.
      if (dependency === null || found.has(dependency) || !existsSync(join(root, dependency, "package.json"))) continue;
      found.add(dependency);
      visit(dependency);
    }
  };
  visit("");
  return [...found].map((key) => describe(root, key)).sort((a, b) => a.name.localeCompare(b.name));
}

/** Node's own rule: the nearest node_modules on the way up. */
function resolveIn(lock: Readonly<Record<string, LockEntry>>, from: string, name: string): string | null {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf("/node_modules/")))) {
    const key = `${base === "" ? "" : `${base}/`}node_modules/${name}`;
    if (lock[key] !== undefined) return key;
    if (base === "") return null;
    if (!base.includes("/node_modules/")) base = "";
  }
}

function describe(root: string, key: string): ShippedPackage {
  const folder = join(root, key);
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
    license?: string;
    author?: string | { name: string };
  };
  const whole = COVERED_BY.find(([part]) => part.test(name))?.[1];
  const holder = typeof author === "string" ? author : (author?.name ?? `the authors of ${name}`);
  const text =
    licenceFiles(folder) ||
    (whole === undefined ? "" : licenceFiles(join(root, "node_modules", whole))) ||
    (name.startsWith("onnxruntime-")
      ? readFileSync(join(root, "assets/licences/onnxruntime.txt"), "utf8").trim()
      : "") ||
    (license === "MIT" ? mitText(root, holder) : "");
  return { name, version, licence: license ?? "see the text", text };
}

/** The MIT licence with another holder than us: for packages that name it without bringing its text. */
const mitText = (root: string, holder: string): string =>
  readFileSync(join(root, "LICENSE"), "utf8")
    .trim()
    .replace(/^Copyright .*$/m, `Copyright (c) ${holder}`);

function licenceFiles(folder: string): string {
  return readdirSync(folder)
    .filter((name) => /^(licen[cs]e|copying|notice|third.?party)/i.test(name))
    .map((name) => readFileSync(join(folder, name), "utf8").trim())
    .join("\n\n");
}

/** One text with every package's name, version, where its source is, and its licence. */
export function thirdPartyText(packages: readonly ShippedPackage[]): string {
  const rule = "=".repeat(80);
  const parts = packages.map(({ name, version, licence, text }) =>
    [rule, `${name} ${version} (${licence})`, `https://www.npmjs.com/package/${name}/v/${version}`, "", text].join(
      "\n",
    ),
  );
  return `Plume Studio contains these packages, in whole or in part.\n\n${parts.join("\n\n")}\n`;
}
