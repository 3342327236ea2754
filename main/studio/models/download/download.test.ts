import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { array, assert, asyncProperty, integer, nat, property, tuple } from "fast-check";
import { describe, expect, it } from "vitest";
import { StudioError } from "../../../../core/contract/index.ts";
import { temporaryFolder } from "../../../media/testing.ts";
import { type Asked, type Fault, noise, sha256, TestHub } from "../testing/hub.ts";
import { type DownloadOptions, type DownloadTask, download } from "./download.ts";
import { arrivedBytes } from "./part-file.ts";
import { cut, Ranges } from "./ranges.ts";
import { isSafeAddress, Wire } from "./wire.ts";

const REPOSITORY = "maker/model";
const content = noise(300_000);
const quick = { tries: 4, firstMs: 1, mostMs: 20 };

/** A hub with one file, a folder, and a way to download it. */
async function bench(idleMs = 20_000) {
  const folder = await temporaryFolder();
  const hub = await TestHub.start();
  const wire = new Wire({ proxy: "", idleMs });
  hub.put(REPOSITORY, "model.pt", content);
  const path = join(folder.path, "done", "model.pt");
  const parts = join(folder.path, "parts");
  const task: DownloadTask = {
    url: hub.resolve(REPOSITORY, "model.pt"),
    token: null,
    path,
    parts,
    size: null,
    sha256: null,
  };
  const get = (change: Partial<DownloadTask> = {}, options: Partial<DownloadOptions> = {}) =>
    download(
      { ...task, ...change },
      {
        wire,
        signal: new AbortController().signal,
        connections: 3,
        pieceBytes: 40_000,
        backOff: quick,
        ...options,
      },
    );
  const isRight = async () => sha256(await readFile(path)) === sha256(content);
  const exists = () =>
    stat(path).then(
      () => true,
      () => false,
    );
  return {
    hub,
    get,
    isRight,
    exists,
    path,
    parts,
    arrived: () => arrivedBytes(parts),
    [Symbol.asyncDispose]: async () => {
      await wire.close();
      await hub[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The fault for the content host's first `times` requests. */
const first = (times: number, fault: Fault) => (asked: Asked, n: number) =>
  asked.host === "cdn" && n < times ? fault : null;

describe("a download that succeeds in spite of everything", () => {
  const cases: readonly (readonly [string, (asked: Asked, n: number) => Fault | null])[] = [
    ["nothing goes wrong", () => null],
    ["the connection breaks at once", first(1, { type: "drop", after: 0 })],
    ["the connection breaks after one byte", first(2, { type: "drop", after: 1 })],
    [
      "every connection breaks after some bytes",
      (asked) => (asked.host === "cdn" ? { type: "drop", after: 9_999 } : null),
    ],
    ["the server forgets that it can resume", first(2, { type: "ignore-range" })],
    [
      "a connection breaks on a server that cannot resume",
      (asked, n) =>
        asked.host !== "cdn" ? null : n === 0 ? { type: "drop", after: 100_000 } : { type: "ignore-range" },
    ],
    [
      "another part is sent than was asked for",
      (asked, n) => (asked.host === "cdn" && n % 2 === 1 ? { type: "wrong-range" } : null),
    ],
    ["a part is spoilt on the way", first(1, { type: "corrupt" })],
    [
      "the hub is busy",
      (asked, n) => (asked.host === "hub" && n < 2 ? { type: "status", status: 429, retryAfter: "0" } : null),
    ],
    ["the content host fails", first(3, { type: "status", status: 503 })],
    ["a gateway fails", first(1, { type: "status", status: 502 })],
    ["bytes come in small drips", first(2, { type: "drip", bytes: 7_000, ms: 1 })],
  ];
  it.each(cases)("%s", async (_, fault) => {
    await using table = await bench();
    table.hub.fault = fault;
    const told: number[] = [];
    const done = await table.get({}, { onProgress: (received) => told.push(received) });
    expect(done).toMatchObject({ bytes: content.length, sha256: sha256(content), checkedAgainst: "hub" });
    expect(await table.isRight()).toBe(true);
    expect(told.at(-1)).toBe(content.length);
    // What was begun is gone once it is complete.
    expect(await table.arrived()).toBe(0);
  });

  it("goes on after a connection that stalls", async () => {
    await using table = await bench(300);
    table.hub.fault = first(2, { type: "stall", after: 5_000 });
    await table.get();
    expect(await table.isRight()).toBe(true);
  });

  it("uses several connections for one file, each byte fetched once", async () => {
    await using table = await bench();
    await table.get();
    expect(table.hub.fetched.length).toBe(Math.ceil(content.length / 40_000));
    const begins = table.hub.fetched.map(({ range }) => Number(/=(\d+)-/.exec(range ?? "")?.[1])).sort((a, b) => a - b);
    expect(begins).toEqual([0, 40_000, 80_000, 120_000, 160_000, 200_000, 240_000, 280_000]);
  });

  it("takes the file of a plain mirror, whose tag says nothing of its contents", async () => {
    await using table = await bench();
    table.hub.isLinked = false;
    table.hub.files.get(`${REPOSITORY}/model.pt`)!.etag = "v1";
    expect(await table.get()).toMatchObject({ checkedAgainst: null });
    expect(await table.get({ sha256: sha256(content), path: `${table.path}2` })).toMatchObject({
      checkedAgainst: "catalogue",
    });
    expect(await table.isRight()).toBe(true);
  });

  it("begins the new version when the file changes in the middle, and keeps the old until then", async () => {
    await using table = await bench();
    const changed = noise(250_000, 7);
    let fetched = 0;
    table.hub.fault = ({ host }) => {
      if (host === "cdn" && ++fetched === 4) table.hub.put(REPOSITORY, "model.pt", changed);
      return null;
    };
    expect(await table.get()).toMatchObject({ sha256: sha256(changed), bytes: changed.length });
    expect(sha256(await readFile(table.path))).toBe(sha256(changed));
  });
});

describe("a download that is broken off", () => {
  it("goes on where it was, with If-Range, in another process' hands", async () => {
    await using table = await bench();
    const stop = new AbortController();
    const onProgress = (received: number) => received > 130_000 && stop.abort();
    await expect(table.get({}, { signal: stop.signal, onProgress, connections: 1 })).rejects.toMatchObject({
      code: "CANCELLED",
    });
    const kept = await table.arrived();
    expect(kept).toBeGreaterThan(130_000);
    const before = table.hub.fetched.length;
    await table.get({}, { connections: 1 });
    expect(await table.isRight()).toBe(true);
    const again = table.hub.fetched.slice(before);
    expect(again[0]).toMatchObject({ range: `bytes=${kept}-`, ifRange: `"${sha256(content)}"` });
  });

  it("has everything fetched anew that is another version's", async () => {
    await using table = await bench();
    table.hub.fault = (asked, n) => (asked.host === "cdn" && n > 2 ? { type: "status", status: 404 } : null);
    await expect(table.get()).rejects.toMatchObject({ code: "DOWNLOAD_REFUSED" });
    expect(await table.arrived()).toBeGreaterThan(0);
    const changed = noise(300_000, 9);
    table.hub.put(REPOSITORY, "model.pt", changed);
    table.hub.fault = () => null;
    await table.get();
    expect(sha256(await readFile(table.path))).toBe(sha256(changed));
  });

  it("never installs a mixture, wherever and however often connections break", async () => {
    await assert(
      asyncProperty(array(integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 12 }), async (drops) => {
        await using table = await bench();
        table.hub.fault = (asked, n) =>
          asked.host === "cdn" && n < drops.length ? { type: "drop", after: drops[n]! } : null;
        await table.get({}, { backOff: { ...quick, tries: 20 } });
        expect(await table.isRight()).toBe(true);
      }),
      { numRuns: 8 },
    );
  });
});

const always =
  (fault: Fault, host: Asked["host"] = "cdn") =>
  (asked: Asked) =>
    asked.host === host ? fault : null;
const noRoom = () => Promise.reject(new StudioError("DISK_FULL", "There is no room."));

describe("a download that must fail", () => {
  const wrong = "DOWNLOAD_WRONG";
  const cases: readonly (readonly [
    string,
    (asked: Asked, n: number) => Fault | null,
    Partial<DownloadTask>,
    string,
  ])[] = [
    ["every part is spoilt", always({ type: "corrupt" }), {}, wrong],
    ["the server lies about the length", always({ type: "lie", by: 1000 }), {}, wrong],
    ["the server has less than it says", always({ type: "lie", by: -1000 }), {}, wrong],
    ["it is not as large as its makers state", () => null, { size: content.length + 1 }, wrong],
    ["it is not what its makers state", () => null, { sha256: "0".repeat(64) }, wrong],
    ["the server never recovers", always({ type: "status", status: 500 }), {}, "DOWNLOAD_FAILED"],
    ["too many requests, for ever", always({ type: "status", status: 429 }, "hub"), {}, "DOWNLOAD_FAILED"],
    ["nothing ever comes", always({ type: "drop", after: 0 }), {}, "DOWNLOAD_FAILED"],
    ["the file is gone", always({ type: "status", status: 404 }), {}, "DOWNLOAD_REFUSED"],
    ["the hub wants to know who asks", always({ type: "status", status: 401 }, "hub"), {}, "DOWNLOAD_REFUSED"],
    ["the hub does not want to", always({ type: "status", status: 403 }, "hub"), { token: "mine" }, "DOWNLOAD_REFUSED"],
  ];
  it.each(cases)("%s", async (_, fault, change, code) => {
    await using table = await bench();
    table.hub.fault = fault;
    const failure = await table.get(change).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(StudioError);
    expect((failure as StudioError).code).toBe(code);
    expect((failure as StudioError).message).toMatch(/\.$/u);
    expect(await table.exists()).toBe(false);
  });

  it("keeps the bytes of a spoilt file on the disk, and fetches every one of them again", async () => {
    await using table = await bench();
    table.hub.fault = always({ type: "corrupt" });
    await expect(table.get()).rejects.toMatchObject({ code: wrong });
    const [part] = (await readdir(table.parts)).filter((name) => name.endsWith(".part"));
    expect((await stat(join(table.parts, part!))).size).toBe(content.length);
    table.hub.fault = () => null;
    await table.get();
    expect(await table.isRight()).toBe(true);
  });

  it("writes nothing when there is no room for it", async () => {
    await using table = await bench();
    await expect(table.get({}, { onVersion: noRoom })).rejects.toMatchObject({ code: "DISK_FULL" });
    expect(await table.arrived()).toBe(0);
  });
});

describe("the access token", () => {
  it("goes to the hub and never to where it redirects", async () => {
    await using table = await bench();
    table.hub.token = "secret";
    await expect(table.get()).rejects.toMatchObject({ code: "DOWNLOAD_REFUSED" });
    await table.get({ token: "secret" });
    expect(await table.isRight()).toBe(true);
    const told = table.hub.asked.filter(({ authorization }) => authorization !== null);
    expect(new Set(told.map(({ host }) => host))).toEqual(new Set(["hub"]));
  });
});

describe("addresses", () => {
  it.each([
    ["https://huggingface.co/a/b", true],
    ["http://huggingface.co/a/b", false],
    ["http://127.0.0.1:8080/a", true],
    ["http://localhost/a", true],
    ["http://localhost.example.org/a", false],
    ["http://127.0.0.1.example.org/a", false],
    ["file:///etc/passwd", false],
    ["ftp://example.org/a", false],
    ["not an address", false],
  ])("%s", (address, isSafe) => expect(isSafeAddress(address)).toBe(isSafe));

  it("a proxy that is none is refused", () => {
    expect(() => new Wire({ proxy: "socks5://there", idleMs: 1000 })).toThrow(StudioError);
  });
});

describe("Ranges", () => {
  const spans = array(tuple(nat(60), nat(20)).map(([from, length]) => [from, from + length] as const));
  it("holds exactly the bytes that were added", () => {
    assert(
      property(spans, nat(90), (added, size) => {
        const ranges = new Ranges(added);
        const bytes = new Set(added.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i)));
        expect(ranges.total).toBe(bytes.size);
        const missing = ranges
          .missing(size)
          .flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i));
        expect(missing).toEqual(Array.from({ length: size }, (_, i) => i).filter((byte) => !bytes.has(byte)));
        let prefix = 0;
        while (bytes.has(prefix)) prefix++;
        expect(ranges.prefix).toBe(prefix);
        expect(cut(ranges.missing(size), 7).every(([from, to]) => to > from && to - from <= 7)).toBe(true);
      }),
    );
  });
});
