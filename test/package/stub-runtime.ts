/**
 * A folder that electron-builder takes for Electron's runtime for Linux: the files it looks for, and a program with the fuse wire that
 * real ones have, so that packing and fuses can be tested where the runtime cannot be had.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Marks the fuse wire in Electron's program (electron/fuses): then its version, its length, and a character for each fuse. */
const SENTINEL = "dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX";
const FUSES = 9;

export function makeStubRuntime(folder: string, version: string): void {
  mkdirSync(join(folder, "resources"), { recursive: true });
  mkdirSync(join(folder, "locales"), { recursive: true });
  const wire = Buffer.concat([Buffer.from(SENTINEL), Buffer.from([1, FUSES]), Buffer.from("1".repeat(FUSES))]);
  writeFileSync(join(folder, "electron"), Buffer.concat([Buffer.from("#!/bin/sh\nexit 1\n"), wire, Buffer.from("\n")]));
  chmodSync(join(folder, "electron"), 0o755);
  writeFileSync(join(folder, "version"), version);
  writeFileSync(join(folder, "LICENSE"), "Electron's licence stands here.\n");
  writeFileSync(
    join(folder, "LICENSES.chromium.html"),
    "<!doctype html><title>Chromium's licences stand here.</title>\n",
  );
  writeFileSync(join(folder, "locales", "en-US.pak"), "");
}
