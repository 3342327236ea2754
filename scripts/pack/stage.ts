/** Makes everything that electron-builder packs: the bundles for plain Node, and what is shipped beside the archive. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { createBuilder } from "vite";
import { shippedPackages, thirdPartyText } from "./licences.ts";

export const root = resolve(import.meta.dirname, "..", "..");
/** Becomes the resources folder of the installed app; electron-builder.yml names it. */
const RESOURCES = join(root, "dist", "pack");
const isWindows = process.platform === "win32";
const exe = (name: string): string => (isWindows ? `${name}.exe` : name);

export interface StageOptions {
  /** ffmpeg to ship; default: PLUME_FFMPEG, else the one that ffmpeg-static has fetched. */
  readonly ffmpeg?: string;
  /** Node to ship; default: the one that runs this. */
  readonly node?: string;
}

/** A sentence for whoever packs. */
export class PackError extends Error {}

/** Builds dist/node and fills dist/pack. Errors: PackError where something to ship is missing. */
export async function stage(options: StageOptions = {}): Promise<void> {
  const builder = await createBuilder({ configFile: join(root, "vite.config.ts"), root, logLevel: "warn" });
  await builder.build(builder.environments["node"]!);
  rmSync(RESOURCES, { recursive: true, force: true });
  const licences = join(RESOURCES, "licences");
  for (const folder of [join(RESOURCES, "bin"), licences]) mkdirSync(folder, { recursive: true });
  stageNode(options.node ?? process.execPath, licences);
  stageFfmpeg(options.ffmpeg ?? process.env["PLUME_FFMPEG"] ?? ffmpegStatic(), licences);
  const launcher = isWindows ? "plume.cmd" : "plume";
  copyInto(join(import.meta.dirname, launcher), join(RESOURCES, "bin", launcher));
  stageLicences(licences);
}

function stageNode(node: string, licences: string): void {
  const program = realpathSync(node);
  const version = execFileSync(program, ["--version"], { encoding: "utf8" }).trim();
  if (!version.startsWith("v24.")) throw new PackError(`The engine's Node must be 24, and this is ${version}.`);
  copyInto(program, join(RESOURCES, "node", isWindows ? "node.exe" : join("bin", "node")));
  const licence = [join(dirname(program), "LICENSE"), join(dirname(program), "..", "LICENSE")].find((path) =>
    existsSync(path),
  );
  if (licence === undefined)
    throw new PackError("Node's LICENSE does not lie beside it: use the Node of nodejs.org or of the set-up.");
  copyInto(licence, join(licences, "node.txt"));
}

function ffmpegStatic(): string {
  try {
    const path: unknown = createRequire(import.meta.url)("ffmpeg-static");
    if (typeof path === "string" && existsSync(path)) return path;
  } catch {
    // Not installed: said below.
  }
  throw new PackError("There is no ffmpeg to ship: run `npm rebuild ffmpeg-static`, or name one in PLUME_FFMPEG.");
}

function stageFfmpeg(ffmpeg: string, licences: string): void {
  for (const name of ["ffmpeg", "ffprobe"]) {
    // ffmpeg-static brings no ffprobe; the studio then probes with ffmpeg itself.
    const source = name === "ffmpeg" ? ffmpeg : join(dirname(ffmpeg), exe(name));
    if (name === "ffmpeg" || existsSync(source)) copyInto(realpathSync(source), join(RESOURCES, "bin", exe(name)));
  }
  const build = execFileSync(ffmpeg, ["-version"], { encoding: "utf8" });
  writeFileSync(join(licences, "ffmpeg-build.txt"), build);
}

function stageLicences(licences: string): void {
  const packages = shippedPackages(root);
  const bare = packages.filter(({ text }) => text === "").map(({ name }) => name);
  if (bare.length > 0) throw new PackError(`These packages have no licence text: ${bare.join(", ")}.`);
  writeFileSync(join(licences, "third-party.txt"), thirdPartyText(packages));
  copyInto(join(root, "LICENSE"), join(licences, "plume-studio.txt"));
  for (const name of ["ffmpeg.txt", "GPL-3.0.txt"])
    copyInto(join(root, "assets", "licences", name), join(licences, name));
  copyInto(join(root, "assets", "tokenizer", "README.md"), join(licences, "clip-tokenizer.md"));
}

function copyInto(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, target);
  if (/[\\/](bin|node)[\\/]/.test(target)) chmodSync(target, 0o755);
}
