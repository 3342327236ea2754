/** Proxies and analysis under SIGKILL: nothing half is used, nothing is lost, nothing is done twice. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { MediaJob } from "../../core/contract/index.ts";
import { locateFfmpeg, probeVideo } from "../../main/media/index.ts";
import { makeUnplayable } from "../../main/studio/analyze/testing.ts";
import { restore } from "../../main/studio/jobs/queue.ts";
import { parseJournal } from "../../main/studio/journal.ts";
import { installFake, testBench } from "../../main/studio/testing.ts";

const script = fileURLToPath(new URL("media-child.ts", import.meta.url));

async function run(...args: string[]): Promise<{ end: NodeJS.Signals | number | null; said: string }> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { end: signal ?? code, said };
}

describe.skipIf(process.platform !== "linux")("a studio that is killed while it works for media", () => {
  it("begins that work again: no half proxy is used, nothing is lost, nothing is done twice", {
    timeout: 400_000,
  }, async () => {
    await using bench = await testBench();
    const { home, output } = bench;
    await installFake(home, "eyes");
    const files = ["one.mp4", "two.mp4"].map((name) => join(home, name));
    for (const [n, file] of files.entries()) await makeUnplayable(`testsrc2=s=640x360:r=25:d=${8 + n}`, file);
    const queue = async () => {
      const bytes = await readFile(join(home, "queue.jsonl"));
      return restore(parseJournal(bytes).values, new Date().toISOString()).queue as MediaJob[];
    };
    /** Proxies that the studio would use. */
    const proxies = async () => {
      const folders = await readdir(join(home, "cache", "media"));
      const made = folders.map((folder) =>
        readFile(join(home, "cache", "media", folder, "made.json"), "utf8").catch(() => "{}"),
      );
      return (await Promise.all(made)).filter((text) => text.includes("proxy.mp4")).length;
    };
    const facts = async () => (await readdir(join(home, "cache", "facts")).catch(() => [])).length;

    expect((await run(home, output, "proxy", ...files)).end).toBe("SIGKILL");
    const first = await queue();
    const interrupted = first.filter(({ interruptions }) => interruptions > 0);
    expect(interrupted.map(({ kind, state, progress }) => [kind, state, progress.fraction])).toEqual([
      ["proxy", "queued", 0],
    ]);
    expect(await proxies()).toBe(0);

    expect((await run(home, output, "analysis", ...files)).end).toBe("SIGKILL");
    const second = await queue();
    expect(second.filter(({ kind, state }) => kind === "analysis" && state === "queued").length).toBeGreaterThan(0);
    expect(second.filter(({ interruptions, kind }) => interruptions > 0 && kind === "analysis")).toHaveLength(1);
    expect(await facts()).toBe(0);
    // Each job that there was is there still, or was done; and none stands for the same work as another.
    const keys = second.map(({ kind, request }) => `${kind} ${request.version}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { id, kind } of first)
      expect(second.some((job) => job.id === id) || (kind === "proxy" && (await proxies()) > 0)).toBe(true);

    const { end, said } = await run(home, output, "none", ...files);
    expect(end).toBe(0);
    const left = second.filter(({ state }) => state === "queued").map(({ id }) => id);
    expect((JSON.parse(said) as string[]).toSorted()).toEqual(left.toSorted());
    expect([await proxies(), await facts()]).toEqual([2, 2]);
    const tools = await locateFfmpeg();
    for (const folder of await readdir(join(home, "cache", "media"))) {
      const names = await readdir(join(home, "cache", "media", folder));
      expect(names.filter((name) => !/^(made\.json|(poster|strip|proxy)\.\w+)$/.test(name))).toEqual([]);
      const { frames } = await probeVideo(tools, join(home, "cache", "media", folder, "proxy.mp4"));
      expect([200, 225]).toContain(frames);
    }
    expect(await queue()).toEqual([]);
  });
});
