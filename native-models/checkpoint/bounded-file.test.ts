/** Nobody is left waiting for a disk, or for a file that is none. */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { answered } from "./bounded-file.ts";
import { openCheckpoint } from "./open-checkpoint.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-files-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("what never answers is an error with a sentence", async () => {
  await expect(answered(new Promise(() => {}), "model.pt", 20)).rejects.toMatchObject({
    code: "CHECKPOINT_UNREADABLE",
    message: "The disk with model.pt does not answer any more: check that it is connected, then try again.",
  });
  await expect(answered(Promise.resolve(7), "model.pt", 20)).resolves.toBe(7);
  await expect(answered(Promise.reject(new Error("gone")), "model.pt", 20)).rejects.toThrow("gone");
});

it.skipIf(process.platform === "win32")("a pipe that nobody writes to is refused at once", async () => {
  const path = join(folder, "pipe.pt");
  execFileSync("mkfifo", [path]);
  await expect(openCheckpoint(path)).rejects.toMatchObject({ code: "CHECKPOINT_UNREADABLE" });
});
