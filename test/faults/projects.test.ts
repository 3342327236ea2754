import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { newHistory, perform } from "../../core/history/index.ts";
import { temporaryFolder } from "../../main/media/testing.ts";
import { loadProject } from "../../main/studio/projects/load.ts";
import { placeOf } from "../../main/studio/projects/place.ts";
import { ProjectStore } from "../../main/studio/projects/store.ts";
import { EDITS, expectedDocuments, projectEdit } from "./project-edits.ts";
import { canMount, mountDisk } from "./small-disk.ts";

const script = fileURLToPath(new URL("./project-child.ts", import.meta.url));
const documents = expectedDocuments();

async function newProject(folder: string): Promise<void> {
  await ProjectStore.create(placeOf(folder), documents[0]!);
}

/** Runs a child on the project until it is killed or done; the numbers behind the words that it said. */
async function run(folder: string, point: number, manner: string) {
  const child = spawn(process.execPath, [script, folder, String(point), manner], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (data: Buffer) => {
    said += data.toString();
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  const last = (word: string) =>
    Math.max(0, ...[...said.matchAll(new RegExp(`^${word} (\\d+)$`, "gm"))].map((m) => Number(m[1])));
  return { code, signal, accepted: last("accepted"), durable: last("durable"), steps: last("steps") };
}

/** Opens the project for good and goes on with it: what must work after any crash. */
async function reopen(folder: string) {
  const { store, loaded } = await ProjectStore.open(placeOf(folder), () => {});
  expect(store.readOnly).toBeNull();
  const history = newHistory(loaded.timeline);
  if (loaded.revision < EDITS) {
    const next = perform(history, projectEdit(loaded.revision + 1));
    expect(next.ok && store.accept(next.value.present, "next")).toBe(loaded.revision + 1);
  }
  await store.close();
  const after = await loadProject(placeOf(folder));
  expect(after.timeline).toEqual(documents[Math.min(EDITS, loaded.revision + 1)]);
  expect(after).toMatchObject({ recovered: [], backup: null, lost: 0 });
  return loaded;
}

describe("a project whose studio is killed", () => {
  it("at any step on the disk opens with every edit that was safe, as that edit left it", {
    timeout: 600_000,
  }, async () => {
    await using folder = await temporaryFolder();
    const whole = join(folder.path, "whole");
    await newProject(whole);
    const { steps, durable } = await run(whole, 0, "before");
    expect(durable).toBe(EDITS);
    expect(steps).toBeGreaterThan(60);
    // Every stage of the life is met: the opening, the journal, saves with and without backups before them, the closing.
    const points = Array.from({ length: 24 }, (_, i) => 1 + Math.floor((i * steps) / 24 + (i % 3)));
    let interrupted = 0;
    const kill = async (point: number, i: number) => {
      const manner = ["before", "half", "after"][i % 3]!;
      const killed = join(folder.path, `killed-${i}`);
      await newProject(killed);
      const { signal, accepted, durable: safe } = await run(killed, point, manner);
      if (signal === "SIGKILL") interrupted++;
      const loaded = await reopen(killed);
      expect(loaded.backup, `point ${point} ${manner}`).toBeNull();
      expect(loaded.revision, `point ${point} ${manner}`).toBeGreaterThanOrEqual(safe);
      expect(loaded.revision, `point ${point} ${manner}`).toBeLessThanOrEqual(accepted + 1);
      expect(loaded.timeline, `point ${point} ${manner}`).toEqual(documents[loaded.revision]);
      expect((await readdir(killed)).filter((name) => name.endsWith(".part"))).toEqual([]);
    };
    for (let i = 0; i < points.length; i += 4)
      await Promise.all(points.slice(i, i + 4).map((point, k) => kill(point, i + k)));
    expect(interrupted).toBeGreaterThan(20);
  });

  it("again and again on the same project loses nothing that was safe", { timeout: 600_000 }, async () => {
    await using folder = await temporaryFolder();
    await newProject(folder.path);
    let safe = 0;
    for (const [i, point] of [7, 11, 23, 17, 9, 31].entries()) {
      const { durable } = await run(folder.path, point, ["after", "half", "before"][i % 3]!);
      safe = Math.max(safe, durable);
      const { revision, timeline } = await loadProject(placeOf(folder.path));
      expect(revision).toBeGreaterThanOrEqual(safe);
      expect(timeline).toEqual(documents[revision]);
    }
    await run(folder.path, 0, "before");
    expect((await loadProject(placeOf(folder.path))).timeline).toEqual(documents[EDITS]);
  });
});

/** Two saves and edits after them: the file, a backup, and a journal that reaches back to the backup. */
async function worked(path: string) {
  await newProject(path);
  const { store } = await ProjectStore.open(placeOf(path), () => {});
  for (let n = 1; n <= 20; n++) {
    store.accept(documents[n]!, "edit");
    if (n === 6 || n === 13) await store.save();
  }
  await store.written();
  // As a crash leaves it: not closed.
  const copy = `${path}-copy`;
  await cp(path, copy, {
    recursive: true,
    filter: (source) => !source.includes("project.lock") && !source.includes("owner"),
  });
  await store.close();
  return placeOf(copy);
}

describe("a project whose files are damaged", () => {
  it("opens whatever the last bytes of the journal are", async () => {
    await using folder = await temporaryFolder();
    const place = await worked(join(folder.path, "p"));
    const journal = await readFile(place.journal);
    const seen = new Set<number>();
    for (let length = journal.length; length >= 0; length -= 41) {
      await writeFile(place.journal, journal.subarray(0, length));
      const { revision, timeline } = await loadProject(place);
      seen.add(revision);
      expect(timeline).toEqual(documents[revision]);
    }
    expect([...seen]).toEqual([20, 19, 18, 17, 16, 15, 14, 13]);
  });

  it("stops at a damaged line of the journal, and keeps the rest aside", async () => {
    await using folder = await temporaryFolder();
    const place = await worked(join(folder.path, "p"));
    const lines = (await readFile(place.journal, "utf8")).split("\n");
    lines[10] = lines[10]!.replace("clip", "clop");
    await writeFile(place.journal, lines.join("\n"));
    const { revision } = await reopen(place.folder);
    expect(revision).toBe(16);
    const aside = (await readdir(place.hidden)).find((name) => name.includes("damaged"))!;
    expect(await readFile(join(place.hidden, aside), "utf8")).toBe(lines.join("\n"));
  });

  it("with an unreadable file goes on from the backup and the journal, without losing an edit", async () => {
    await using folder = await temporaryFolder();
    const place = await worked(join(folder.path, "p"));
    const text = await readFile(place.file, "utf8");
    for (const damage of [
      "",
      text.slice(0, 5000),
      text.replace('"kind": "text"', '"kind": "taxt"'),
      "\0".repeat(text.length),
    ]) {
      await writeFile(place.file, damage);
      const { revision, backup, timeline } = await loadProject(place);
      expect({ revision, backup }).toEqual({ revision: 20, backup: "project-6.json" });
      expect(timeline).toEqual(documents[20]);
    }
    await reopen(place.folder);
  });

  it("without any readable file says so in one sentence", async () => {
    await using folder = await temporaryFolder();
    const place = await worked(join(folder.path, "p"));
    for (const path of [place.file, ...(await readdir(place.backups)).map((name) => join(place.backups, name))])
      await writeFile(path, "{}");
    await expect(loadProject(place)).rejects.toMatchObject({
      code: "PROJECT_DAMAGED",
      message: expect.stringMatching(/^The project p-copy is damaged[^\n]*\.$/),
    });
    await expect(loadProject(placeOf(join(folder.path, "none")))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("that reads well but is unsound (two tracks of one id) is not opened as it is", async () => {
    await using folder = await temporaryFolder();
    const place = await worked(join(folder.path, "p"));
    const file = JSON.parse(await readFile(place.file, "utf8")) as { timeline: { tracks: { id: string }[] } };
    file.timeline.tracks[1]!.id = file.timeline.tracks[0]!.id;
    await writeFile(place.file, JSON.stringify(file));
    expect(await loadProject(place)).toMatchObject({ backup: "project-6.json", revision: 20 });
  });
});

describe.skipIf(!canMount)("a project on a bad disk (needs the right to mount a small disk: root on Linux)", () => {
  it("that is full keeps every edit in memory, says so, and writes them all once there is space", async () => {
    await using disk = await mountDisk("size=256k");
    const folder = join(disk.path, "project");
    await mkdir(folder);
    await newProject(folder);
    const { store } = await ProjectStore.open(placeOf(folder), () => {});
    const told: { durable: number; problem: string | undefined }[] = [];
    store.onWritten = (durable, problem) => told.push({ durable, problem: problem?.code });
    store.accept(documents[1]!, "edit");
    await store.written();
    const filler = join(disk.path, "filler");
    await writeFile(filler, Buffer.alloc(1e6)).catch(() => {});
    for (let n = 2; n <= 9; n++) store.accept(documents[n]!, "edit");
    await store.written();
    await expect(store.save()).rejects.toMatchObject({
      code: "DISK_FULL",
      message: expect.stringMatching(/^The disk is full/),
    });
    const safe = told.at(-1)!.durable;
    expect(told.some(({ problem }) => problem === "DISK_FULL")).toBe(true);
    expect((await loadProject(placeOf(folder))).timeline).toEqual(documents[safe]);
    await rm(filler);
    await vi.waitFor(() => expect(told.at(-1)).toEqual({ durable: 9, problem: undefined }), { timeout: 20_000 });
    expect((await loadProject(placeOf(folder))).timeline).toEqual(documents[9]);
    await store.close();
    expect(await loadProject(placeOf(folder))).toMatchObject({ fileRevision: 9, timeline: documents[9] });
  });

  it("that cannot be written to opens for looking", async () => {
    await using disk = await mountDisk("size=512k");
    await newProject(disk.path);
    expect(spawnSync("mount", ["-o", "remount,ro", disk.path]).status).toBe(0);
    const { store, loaded } = await ProjectStore.open(placeOf(disk.path), () => {});
    expect(store.readOnly).toMatch(/^This project's folder cannot be written to[^\n]*\.$/);
    expect(loaded.timeline).toEqual(documents[0]);
    expect(() => store.accept(documents[1]!, "edit")).toThrow(/cannot be written to/);
    await store.close();
  });
});
