import { readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { installFake, make, ownJobs, testBench } from "../../main/studio/testing.ts";
import { canMount, mountDisk } from "./small-disk.ts";

// The name says why these were skipped where they were.
const onDisk = describe.skipIf(!canMount);
const needs = "(needs the right to mount a small disk: root on Linux)";

onDisk(`a full disk ${needs}`, () => {
  it("is told before the model runs when there is next to nothing left", async () => {
    await using disk = await mountDisk("size=128k");
    await using bench = await testBench();
    await writeFile(join(disk.path, "filler"), Buffer.alloc(100_000));
    const studio = await bench.open({ output: disk.path });
    const job = await make(studio, "hello");
    expect(job).toMatchObject({ state: "failed", preview: null, error: { code: "DISK_FULL" } });
    expect(await readdir(disk.path)).toEqual(["filler"]);
  });

  it("that fills up while the clip is written gives the same sentence and leaves no half file", async () => {
    await using disk = await mountDisk("size=400k");
    await using bench = await testBench();
    const studio = await bench.open({ output: disk.path });
    // Noise: what H.264 makes of it does not fit by far, though an ordinary clip of this size would.
    const job = await make(studio, "noise", { width: 256, height: 192, frames: 26, steps: 1 });
    expect(job).toMatchObject({
      state: "failed",
      error: { code: "DISK_FULL", message: expect.stringMatching(/^The disk is full/) },
    });
    expect(await readdir(disk.path)).toEqual([]);
    const small = await make(studio, "hello");
    expect(small.state).toBe("done");
  });

  it("under the data folder refuses new jobs whole, and does not spoil the queue that is written once there is space", async () => {
    await using disk = await mountDisk("size=256k");
    await using bench = await testBench();
    await installFake(disk.path, "fake");
    const studio = await bench.open({ home: disk.path });
    // All but a few kilobytes: the write gets stuck half-way, in the middle of a line.
    const filler = join(disk.path, "filler");
    await writeFile(filler, Buffer.alloc(300_000)).catch(() => {});
    await truncate(filler, (await stat(filler)).size - 12_288);
    const request = { prompt: "hello ".repeat(600) };
    const refused = await studio.handle("jobs.generate", { request, variations: 9 });
    expect(refused).toMatchObject({ ok: false, error: { code: "DISK_FULL" } });
    expect(await ownJobs(studio)).toEqual([]);
    await rm(filler);
    const done = await make(studio, "after");
    await studio.close();
    const again = await bench.open({ home: disk.path });
    expect((await ownJobs(again)).map(({ id, state }) => [id, state])).toEqual([[done.id, "done"]]);
  });
});

onDisk(`a disk that cannot be written ${needs}`, () => {
  it("is refused with one sentence", async () => {
    await using disk = await mountDisk("size=64k,ro");
    await using bench = await testBench();
    const studio = await bench.open({ queue: "memory", output: join(disk.path, "clips") });
    expect(await make(studio, "hello")).toMatchObject({ state: "failed", error: { code: "OUTPUT_UNWRITABLE" } });
    const there = await bench.open({ queue: "memory", output: disk.path });
    expect(await make(there, "hello")).toMatchObject({ state: "failed", error: { code: "OUTPUT_UNWRITABLE" } });
    await expect(bench.open({ home: join(disk.path, "home") })).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
    await expect(bench.open({ home: disk.path })).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
  });
});
