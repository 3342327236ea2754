/**
 * The package, as far as it can be proved without Electron's runtime: packed for Linux around a stub of it, looked into, and its command
 * line and engine run with the Node that it brings, far away from this checkout.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FRAME_RATES, frameToFlicks } from "../../core/time/index.ts";
import type { MediaReference } from "../../core/timeline/index.ts";
import { locateFfmpeg, probeVideo } from "../../main/media/index.ts";
import { fingerprint } from "../../main/studio/fingerprint.ts";
import { placeOf } from "../../main/studio/projects/place.ts";
import { ProjectStore } from "../../main/studio/projects/store.ts";
import { shippedPackages } from "../../scripts/pack/licences.ts";
import { root, stage } from "../../scripts/pack/stage.ts";
import { Film } from "../export/films.ts";
import { makeStubRuntime } from "./stub-runtime.ts";

const reason = process.platform === "linux" && process.arch === "x64" ? null : "the stub runtime is Linux's, for x64";
const MIB = 2 ** 20;

let folder = "";
let resources = "";
/** Every path in the archive, those that lie outside it included. */
let listed: readonly string[] = [];
const app = () => join(folder, "out", "linux-unpacked");
const sorted = (names: Iterable<string | undefined>) => [...names].sort((a, b) => (a! < b! ? -1 : 1));
const licence = (name: string) => readFile(join(resources, "licences", name), "utf8");
const unpacked = (name: string) => existsSync(join(resources, "app.asar.unpacked", name));

describe.skipIf(reason !== null)(reason === null ? "the package" : `the package (skipped: ${reason})`, () => {
  beforeAll(async () => {
    // Not below the checkout, whose node_modules would be found from there.
    folder = await mkdtemp(join(tmpdir(), "plume-package-"));
    const { version } = JSON.parse(await readFile(join(root, "node_modules", "electron", "package.json"), "utf8")) as {
      version: string;
    };
    makeStubRuntime(join(folder, "runtime"), version);
    // Where the release puts a static build, the test has to do with a copy of the system's.
    await stage({ ffmpeg: (await locateFfmpeg()).ffmpeg });
    await succeed(process.execPath, [
      join(root, "node_modules", "electron-builder", "cli.js"),
      "--linux",
      "dir",
      "--x64",
      `-c.electronDist=${join(folder, "runtime")}`,
      `-c.directories.output=${join(folder, "out")}`,
    ]);
    resources = join(app(), "resources");
    const { listPackage } = await import("@electron/asar");
    listed = listPackage(join(resources, "app.asar"), { isPack: false }).map((name) => name.slice(1));
  }, 600_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("the configuration is for the Electron that is installed", async () => {
    const { version } = JSON.parse(await readFile(join(root, "node_modules", "electron", "package.json"), "utf8")) as {
      version: string;
    };
    expect(await readFile(join(root, "electron-builder.yml"), "utf8")).toContain(`\nelectronVersion: ${version}\n`);
  });

  test("in the archive is what the app needs, and nothing else", () => {
    for (const name of [
      "package.json",
      "dist/renderer/index.html",
      "dist/shell-electron/main.js",
      "dist/shell-electron/preload.cjs",
      "dist/node/cli-cli.js",
    ])
      expect(listed).toContain(name);
    const tops = new Set(listed.map((name) => name.split("/")[0]));
    expect(sorted(tops)).toEqual(["LICENSE", "assets", "dist", "node_modules", "package.json"]);
    const below = (at: string) =>
      sorted(new Set(listed.filter((name) => name.startsWith(`${at}/`)).map((name) => name.split("/")[1])));
    expect(below("dist")).toEqual(["node", "renderer", "shell-electron"]);
    expect(below("assets")).toEqual(["catalogue", "desktop", "models", "tokenizer"]);
    expect(below("node_modules")).toEqual([
      "@contentauth",
      "@fontsource-variable",
      "@napi-rs",
      "onnxruntime-common",
      "onnxruntime-node",
    ]);
    expect(listed.filter((name) => /\.(ts|tsx|map|md)$|\.test\.|testing|\.py$/.test(name))).toEqual([
      "assets/tokenizer/README.md",
    ]);
  });

  test("of the native binaries one system's and one processor's are there, and Electron can load them", () => {
    const native = listed.filter((name) => /\.(node|so|so\.\d+|dll|dylib)$/.test(name));
    expect(sorted(new Set(native))).toEqual([
      "node_modules/@napi-rs/canvas-linux-x64-gnu/skia.linux-x64-gnu.node",
      "node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1",
      "node_modules/onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node",
    ]);
    for (const name of native) expect(unpacked(name)).toBe(true);
  });

  test("what a plain Node reads lies outside the archive; the window and its scripts within", () => {
    for (const name of ["package.json", "dist/node/inference-worker.js", "assets/models/starter.ckpt"])
      expect(unpacked(name)).toBe(true);
    for (const name of ["dist/renderer", "dist/shell-electron"]) expect(unpacked(name)).toBe(false);
  });

  test("Node, ffmpeg, the command line and every licence lie beside it", async () => {
    for (const name of ["node/bin/node", "bin/ffmpeg", "bin/plume"])
      expect((await stat(join(resources, name))).mode & 0o111, name).toBe(0o111);
    const thirdParty = await licence("third-party.txt");
    const packages = shippedPackages(root);
    expect(packages.length).toBeGreaterThan(50);
    for (const { name, version, text } of packages) {
      expect(thirdParty).toContain(`\n${name} ${version} (`);
      expect(text.length, `${name} has a licence text`).toBeGreaterThan(200);
    }
    // Whatever is packed as a package is among them.
    for (const name of listed.flatMap(
      (path) => /^node_modules\/((?:@[^/]+\/)?[^/@]+)\/package\.json$/.exec(path)?.[1] ?? [],
    ))
      expect(packages.map((each) => each.name)).toContain(name);
    expect(await licence("ffmpeg.txt")).toMatch(/GNU General Public License[\s\S]*corresponding source/);
    expect(await licence("ffmpeg-build.txt")).toContain("configuration:");
    expect(await licence("GPL-3.0.txt")).toContain("Version 3, 29 June 2007");
    expect(await licence("node.txt")).toContain("Node.js");
    expect(await licence("plume-studio.txt")).toContain("MIT License");
    for (const name of ["LICENSE.electron.txt", "LICENSES.chromium.html"])
      expect(existsSync(join(app(), name)), name).toBe(true);
  });

  test("its fuses are set", async () => {
    const { FuseV1Options, getCurrentFuseWire } = await import("@electron/fuses");
    const wire = await getCurrentFuseWire(join(app(), "plume-studio"));
    const isOn = (fuse: keyof typeof FuseV1Options) => String.fromCharCode(wire[FuseV1Options[fuse] as never]) === "1";
    expect({
      RunAsNode: isOn("RunAsNode"),
      EnableCookieEncryption: isOn("EnableCookieEncryption"),
      EnableNodeOptionsEnvironmentVariable: isOn("EnableNodeOptionsEnvironmentVariable"),
      EnableNodeCliInspectArguments: isOn("EnableNodeCliInspectArguments"),
      EnableEmbeddedAsarIntegrityValidation: isOn("EnableEmbeddedAsarIntegrityValidation"),
      OnlyLoadAppFromAsar: isOn("OnlyLoadAppFromAsar"),
      GrantFileProtocolExtraPrivileges: isOn("GrantFileProtocolExtraPrivileges"),
    }).toEqual({
      RunAsNode: false,
      EnableCookieEncryption: true,
      EnableNodeOptionsEnvironmentVariable: false,
      EnableNodeCliInspectArguments: false,
      EnableEmbeddedAsarIntegrityValidation: true,
      OnlyLoadAppFromAsar: true,
      GrantFileProtocolExtraPrivileges: false,
    });
  });

  test("with nothing but itself it makes a clip with the model that it brings, and exports a film of it", async () => {
    const home = join(folder, "home");
    const project = join(folder, "Film");
    const clip = join(project, "clip.mp4");
    await mkdir(project);
    // No PATH: neither a system's ffmpeg nor another Node can help.
    const run = async (...args: string[]) =>
      JSON.parse(
        await succeed(join(resources, "bin", "plume"), [...args, "--json"], {
          cwd: folder,
          env: { PLUME_HOME: home, PLUME_OUTPUT: home },
        }),
      ) as Record<string, unknown>;
    const size = ["--size", "64x64", "--frames", "4", "--fps", "24", "--steps", "2"];
    expect(await run("generate", "blue bubbles", ...size, "--seed", "1", "-o", clip)).toMatchObject({ ok: true });
    expect((await readFile(clip)).subarray(4, 8).toString()).toBe("ftyp");

    const record = JSON.parse(await readFile(join(project, "clip.json"), "utf8")) as MediaReference["record"];
    const film = new Film([{ ...(await referenceTo(clip)), record }])
      .put("V1", "clip.mp4", { count: 4 })
      .text({ text: "Plume" }, { count: 4 });
    await ProjectStore.create(placeOf(project), film.document);
    const file = join(folder, "film.mp4");
    expect(await run("export", project, "-o", file)).toMatchObject({ ok: true });
    const { frames } = await probeVideo(await locateFfmpeg(), file);
    expect(frames).toBe(4);
    // The C2PA library is in the package: it signed the film, and finds it as it was signed.
    expect(await run("records", file)).toMatchObject({ records: [record], credentials: { problems: [] } });

    const { findings } = (await run("doctor")) as { findings: { name: string; sentence: string }[] };
    expect(findings.find(({ name }) => name === "ffmpeg")?.sentence).toContain(join(resources, "bin", "ffmpeg"));
    expect(findings.find(({ name }) => name === "models")?.sentence).toContain("starter");
  }, 300_000);

  test("its size is told", async () => {
    const parts = await Promise.all(
      ["app.asar", "app.asar.unpacked", "node", "bin", "licences"].map(
        async (name) => [name, await bytesIn(join(resources, name))] as const,
      ),
    );
    const total = parts.reduce((sum, [, bytes]) => sum + bytes, 0);
    const told = [["all of it", total] as const, ...parts].map(
      ([name, bytes]) => `${(bytes / MIB).toFixed(0).padStart(6)} MiB  ${name}`,
    );
    process.stdout.write(`Packed for Linux x64, without Electron's runtime and a static ffmpeg:\n${told.join("\n")}\n`);
    // README promises this.
    const readme = await readFile(join(root, "README.md"), "utf8");
    const promised = Number(/takes about (\d+) MiB/.exec(readme)?.[1]);
    expect(Math.abs(total / MIB - promised)).toBeLessThan(10);
  });
});

/** What a project says of the clip: four frames at 24 a second. */
async function referenceTo(clip: string): Promise<MediaReference> {
  const rate = FRAME_RATES["24"];
  return {
    id: "clip-mp4",
    kind: "video",
    name: "clip.mp4",
    path: "clip.mp4",
    fingerprint: await fingerprint(clip),
    availableRange: { start: 0, duration: frameToFlicks(4, rate) },
    rate,
    size: { width: 64, height: 64 },
    audio: null,
    record: null,
  };
}

async function bytesIn(path: string): Promise<number> {
  const info = await lstat(path);
  if (!info.isDirectory()) return info.size;
  const sizes = await Promise.all((await readdir(path)).map((name) => bytesIn(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Runs a program to its end and resolves with its stdout. Rejects with all it wrote where it fails. */
function succeed(program: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  return new Promise<string>((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, ...options, stdio: ["ignore", "pipe", "pipe"] });
    let [output, errors] = ["", ""];
    child.stdout.on("data", (data: Buffer) => (output += data.toString()));
    child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${program} ended with ${code}:\n${output}${errors}`)),
    );
  });
}
