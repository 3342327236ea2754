import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { content, entry, file, get, REPOSITORY, storeBench, writeCatalogue } from "./testing/bench.ts";
import { noise, sha256 } from "./testing/hub.ts";
import { vault } from "./testing/vault.ts";

const here = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** What lies among downloads, apart from who holds which. */
const downloads = async (home: string) =>
  (await readdir(join(home, "models", ".downloads"))).filter((name) => !name.startsWith("."));

async function* inTwo() {
  yield content.subarray(0, 1000);
  yield content.subarray(1000);
}

beforeEach(() => {
  // The hub cache and token of whoever runs the tests are none of theirs.
  for (const name of ["HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "HF_TOKEN", "HF_ENDPOINT"])
    vi.stubEnv(name, "");
  vi.stubEnv("HF_HOME", "/nowhere");
});
afterEach(() => vi.unstubAllEnvs());

describe("from the catalogue to an installed model", () => {
  it("downloads, converts, records where it is from, and leaves nothing else", async () => {
    await using bench = await storeBench();
    const studio = await bench.open();
    const before = (await studio.call("models.catalogue", {})).cards[0]!;
    expect(before).toMatchObject({ isInstalled: false, acceptedAt: null, arrivedBytes: 0, hasRoom: true });
    const [download, convert] = await get(studio);
    expect(download).toMatchObject({ kind: "download", state: "done", title: "Model tiny" });
    expect(convert).toMatchObject({ kind: "convert", state: "done", result: { model: "tiny" } });
    const models = await studio.call("models.list", {});
    expect(models.map(({ id }) => id)).toContain("tiny");
    const pack = join(bench.home, "models", "tiny");
    expect(await readFile(join(pack, "source.txt"), "utf8")).toBe(sha256(content));
    const origin = JSON.parse(await readFile(join(pack, "origin.json"), "utf8")) as Record<string, unknown>;
    expect(origin).toMatchObject({
      entry: "tiny",
      files: [{ path: "model.pt", sha256: sha256(content), checkedAgainst: "hub", from: "network" }],
      licence: { name: "Test licence", version: 1 },
    });
    expect(await downloads(bench.home)).toEqual([]);
    const after = (await studio.call("models.catalogue", {})).cards[0]!;
    expect(after).toMatchObject({ isInstalled: true, arrivedBytes: 0 });
    expect(after.acceptedAt).not.toBeNull();
    await expect(studio.call("models.download", { id: "tiny" })).rejects.toMatchObject({ code: "BAD_REQUEST" });
  });

  it("asks for the licence first, by the version of its terms, and again when they change", async () => {
    await using bench = await storeBench();
    const studio = await bench.open();
    await expect(studio.call("models.download", { id: "tiny" })).rejects.toMatchObject({
      code: "LICENCE_NOT_ACCEPTED",
    });
    await expect(studio.call("models.accept", { id: "tiny", version: 2 })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    await studio.call("models.accept", { id: "tiny", version: 1 });
    const kept = JSON.parse(await readFile(join(bench.home, "licences.json"), "utf8")) as unknown[];
    expect(kept).toMatchObject([{ model: "tiny", licence: "Test licence", version: 1 }]);
    await studio.close();
    const changed = entry("tiny", [file("model.pt", content.length)]);
    await writeCatalogue(join(bench.home, "..", "catalogue.json"), [
      { ...changed, licence: { ...changed.licence, version: 2 } },
    ]);
    const later = await bench.open();
    await expect(later.call("models.download", { id: "tiny" })).rejects.toMatchObject({ code: "LICENCE_NOT_ACCEPTED" });
    expect(bench.hub.asked).toEqual([]);
  });

  it("fails with a reason, keeps what arrived, and goes on from there when asked again", async () => {
    await using bench = await storeBench();
    bench.hub.fault = ({ host }, n) => (host === "cdn" && n >= 3 ? { type: "status", status: 500 } : null);
    const studio = await bench.open();
    const [download, convert] = await get(studio);
    expect(download).toMatchObject({ state: "failed", error: { code: "DOWNLOAD_FAILED" } });
    expect(convert!.state).toBe("failed");
    const { arrivedBytes } = (await studio.call("models.catalogue", {})).cards[0]!;
    expect(arrivedBytes).toBeGreaterThan(0);
    const fetched = bench.hub.fetched.length;
    bench.hub.fault = () => null;
    const jobs = await studio.call("models.download", { id: "tiny" });
    const ended = await Promise.all(jobs.map(({ id }) => studio.ended(id)));
    expect(ended.map(({ state }) => state)).toEqual(["done", "done"]);
    const left = bench.hub.fetched.slice(fetched);
    expect(left.length).toBeLessThan(5);
    expect(left[0]!.range).not.toBe("bytes=0-");
  });

  it("goes on with a download that was stopped by closing the studio, without being asked", async () => {
    await using bench = await storeBench();
    bench.hub.fault = ({ host }) => (host === "cdn" ? { type: "drip", bytes: 2000, ms: 20 } : null);
    const studio = await bench.open();
    await studio.call("models.accept", { id: "tiny", version: 1 });
    const [download] = await studio.call("models.download", { id: "tiny" });
    await vi.waitFor(
      async () => expect((await studio.call("jobs.list", {}))[0]!.progress.done).toBeGreaterThan(10_000),
      {
        timeout: 50_000,
      },
    );
    await studio.close();
    bench.hub.fault = () => null;
    const again = await bench.open();
    expect((await again.ended(download!.id)).state).toBe("done");
    await vi.waitFor(async () => {
      const models = await again.call("models.list", {});
      expect(models.map(({ id }) => id)).toContain("tiny");
    }, 50_000);
  });

  it("does not begin without room for the download and for what it becomes", async () => {
    const large = entry("tiny", [file("model.pt", content.length)]);
    await using bench = await storeBench([{ ...large, needs: { ...large.needs, installedBytes: 9e15 } }]);
    const studio = await bench.open();
    await studio.call("models.accept", { id: "tiny", version: 1 });
    await expect(studio.call("models.download", { id: "tiny" })).rejects.toMatchObject({ code: "DISK_FULL" });
    expect((await studio.call("models.catalogue", {})).cards[0]!.hasRoom).toBe(false);
    expect(bench.hub.asked).toEqual([]);
  });

  it("says of models that only people can fetch how that is done", async () => {
    const by = entry("by-hand", []);
    await using bench = await storeBench([{ ...by, source: { kind: "page", how: "Ask the author." } }]);
    const studio = await bench.open();
    await studio.call("models.accept", { id: "by-hand", version: 1 });
    await expect(studio.call("models.download", { id: "by-hand" })).rejects.toMatchObject({
      code: "FORBIDDEN",
      message: expect.stringContaining("Ask the author.") as string,
    });
  });

  it("throws away what arrived when the user wants the room back", async () => {
    await using bench = await storeBench();
    bench.hub.fault = ({ host }) => (host === "cdn" ? { type: "drip", bytes: 2000, ms: 30 } : null);
    const studio = await bench.open();
    await studio.call("models.accept", { id: "tiny", version: 1 });
    const [download] = await studio.call("models.download", { id: "tiny" });
    await vi.waitFor(async () => expect((await studio.call("jobs.list", {}))[0]!.progress.done).toBeGreaterThan(2000), {
      timeout: 50_000,
    });
    await studio.call("models.discard", { id: "tiny" });
    expect((await studio.ended(download!.id)).state).toBe("cancelled");
    expect((await studio.call("models.catalogue", {})).cards[0]!.arrivedBytes).toBe(0);
  });
});

describe("files that are on this disk already", () => {
  const commit = "a".repeat(40);

  /** The hub's cache as its own programs lay it out. */
  async function cache(root: string, bytes: Uint8Array, blob = sha256(bytes)): Promise<void> {
    const model = join(root, "models--maker--model");
    await mkdir(join(model, "blobs"), { recursive: true });
    await mkdir(join(model, "snapshots", commit), { recursive: true });
    await writeFile(join(model, "blobs", blob), bytes);
    await symlink(join("..", "..", "blobs", blob), join(model, "snapshots", commit, "model.pt"));
  }

  it("are taken from the hub's cache instead of the network, which stays as it is", async () => {
    await using bench = await storeBench();
    const root = join(bench.home, "..", "hub-cache");
    vi.stubEnv("HF_HUB_CACHE", root);
    await cache(root, content);
    const studio = await bench.open();
    const ended = await get(studio);
    expect(ended.map(({ state }) => state)).toEqual(["done", "done"]);
    // Only asked what it should be.
    expect(bench.hub.fetched.map(({ range }) => range)).toEqual(["bytes=0-0"]);
    const origin = JSON.parse(await readFile(join(bench.home, "models", "tiny", "origin.json"), "utf8")) as object;
    expect(origin).toMatchObject({ files: [{ from: "disk", checkedAgainst: "hub" }] });
    expect(sha256(await readFile(join(root, "models--maker--model", "blobs", sha256(content))))).toBe(sha256(content));
  });

  it("are taken without any network, where the cache's own checksum still holds", async () => {
    await using bench = await storeBench();
    const root = join(bench.home, "..", "hub-cache");
    vi.stubEnv("HF_HUB_CACHE", root);
    await cache(root, content);
    bench.hub.fault = () => ({ type: "status", status: 503 });
    const ended = await get(await bench.open());
    expect(ended.map(({ state }) => state)).toEqual(["done", "done"]);
  });

  it("are left alone when they are damaged, or another version", async () => {
    await using bench = await storeBench();
    const root = join(bench.home, "..", "hub-cache");
    vi.stubEnv("HF_HUB_CACHE", root);
    const damaged = Uint8Array.from(content);
    damaged[77]! ^= 1;
    await cache(root, damaged, sha256(content));
    const ended = await get(await bench.open());
    expect(ended.map(({ state }) => state)).toEqual(["done", "done"]);
    expect(await readFile(join(bench.home, "models", "tiny", "source.txt"), "utf8")).toBe(sha256(content));
    expect(bench.hub.fetched.length).toBeGreaterThan(1);
  });

  it("several files become one folder, whichever of them were there", async () => {
    const other = noise(30_000, 5);
    await using bench = await storeBench([
      entry("two", [
        file("part/a.ckpt", content.length, { sha256: sha256(content) }),
        file("part/b=1.ckpt", other.length, { isExact: true }),
        file("unused.pth", 10, { isNeeded: false, why: "Not needed." }),
      ]),
    ]);
    bench.hub.put(REPOSITORY, "part/b=1.ckpt", other);
    const kept = join(bench.home, "..", "kept");
    await mkdir(kept, { recursive: true });
    await writeFile(join(kept, "a.ckpt"), content);
    const studio = await bench.open();
    await studio.call("models.accept", { id: "two", version: 1 });
    const jobs = await studio.downloadModel("two", { lookIn: kept });
    const [download] = await Promise.all(jobs.map(({ id }) => studio.ended(id)));
    expect(download).toMatchObject({ state: "done" });
    const asked = new Set(bench.hub.fetched.map(({ path }) => decodeURIComponent(path).replace(/^\/|\?.*/g, "")));
    expect(asked).toEqual(new Set([`${REPOSITORY}/part/b=1.ckpt`]));
    const files = join(bench.home, "models", ".downloads", "two", "files", "part");
    // The fake engine takes no folders: what arrived stays for the next try.
    expect(sha256(await readFile(join(files, "a.ckpt")))).toBe(sha256(content));
    expect(sha256(await readFile(join(files, "b=1.ckpt")))).toBe(sha256(other));
  });
});

describe("checkpoints that the user drops", () => {
  it("are installed, as a path or as bytes, and go with their job; what is none is refused", async () => {
    await using bench = await storeBench();
    const studio = await bench.open();
    const own = join(bench.home, "..", "my model.ckpt");
    await writeFile(own, content);
    expect(await studio.importMedia(own, { checkpoint: "one" })).toBeNull();
    const first = await studio.call("models.installDropped", { drop: "one" });
    expect(await studio.ended(first.id)).toMatchObject({ state: "done", result: { model: "my-model" } });
    // The user's own file is never touched.
    expect(sha256(await readFile(own))).toBe(sha256(content));
    await studio.uploadMedia("../../my model.ckpt", inTwo(), { checkpoint: "two" });
    const second = await studio.call("models.installDropped", { drop: "two" });
    expect(await studio.ended(second.id)).toMatchObject({ state: "done", result: { model: "my-model-2" } });
    expect(await readFile(join(bench.home, "models", "my-model-2", "source.txt"), "utf8")).toBe(sha256(content));
    await vi.waitFor(async () => expect(await downloads(bench.home)).toEqual([]));
    const picture = join(bench.home, "..", "holiday.png");
    await writeFile(picture, "no");
    await expect(studio.importMedia(picture, { checkpoint: "three" })).rejects.toMatchObject({
      code: "CHECKPOINT_UNREADABLE",
    });
    await expect(studio.call("models.installDropped", { drop: "three" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("that cannot fit are refused before the first byte, with the way that needs no copy", async () => {
    await using bench = await storeBench();
    const studio = await bench.open();
    let came = 0;
    async function* bytes() {
      came++;
      yield content;
    }
    await expect(
      studio.uploadMedia("huge.ckpt", bytes(), { checkpoint: "huge" }, Number.MAX_SAFE_INTEGER / 4),
    ).rejects.toMatchObject({
      code: "DISK_FULL",
      message: expect.stringContaining("`plume models install FILE`") as string,
    });
    expect(came).toBe(0);
    expect(await studio.uploadMedia("small.ckpt", bytes(), { checkpoint: "small" }, content.length)).toBeNull();
  });
});

describe("settings", () => {
  it("are kept; a mirror without HTTPS and damaged notes are not taken", async () => {
    await using bench = await storeBench();
    const studio = await bench.open();
    expect(await studio.call("models.configure", { connections: 2, keepsCheckpoints: true })).toMatchObject({
      mirror: bench.hub.url,
      connections: 2,
      keepsCheckpoints: true,
    });
    await expect(studio.call("models.configure", { mirror: "http://example.org" })).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    for (const wrong of [{ mirror: "nonsense" }, { proxy: "socks5://x" }, { connections: 0 }, { connections: 99 }])
      await expect(studio.call("models.configure", wrong)).rejects.toMatchObject({ code: "BAD_REQUEST" });
    await writeFile(join(bench.home, "model-store.json"), '{"connections": "many", "keepsCheckpoints": true}');
    expect(await studio.call("models.settings", {})).toMatchObject({
      connections: 4,
      keepsCheckpoints: true,
      mirror: "",
    });
  });

  it("keep the published files where that is wanted, for an installation without the network", async () => {
    await using bench = await storeBench();
    const studio = await bench.open();
    await studio.call("models.configure", { keepsCheckpoints: true });
    await get(studio);
    await studio.call("models.remove", { id: "tiny" });
    bench.hub.fault = () => ({ type: "status", status: 503 });
    const jobs = await studio.call("models.download", { id: "tiny" });
    const ended = await Promise.all(jobs.map(({ id }) => studio.ended(id)));
    expect(ended.map(({ state }) => state)).toEqual(["done", "done"]);
  });

  it("keep a token in the keychain where there is one, else for the session; it never comes back out", async () => {
    await using bench = await storeBench();
    bench.hub.token = "secret-token";
    const studio = await bench.open();
    const [refused] = await get(studio);
    expect(refused).toMatchObject({ state: "failed", error: { code: "DOWNLOAD_REFUSED" } });
    expect(await studio.call("models.token", { token: "secret-token" })).toMatchObject({
      token: { kept: "session", canKeep: false },
    });
    expect(await here(join(bench.home, "hub-token"))).toBe(false);
    await studio.close();
    const desktop = await bench.open({ vault });
    expect((await desktop.call("models.settings", {})).token).toEqual({ kept: "none", canKeep: true });
    const state = await desktop.call("models.token", { token: "secret-token" });
    expect(JSON.stringify(state)).not.toContain("secret-token");
    expect(state.token.kept).toBe("keychain");
    expect((await readFile(join(bench.home, "hub-token"))).toString()).not.toContain("secret-token");
    await desktop.close();
    const later = await bench.open({ vault });
    const ended = await get(later);
    expect(ended.map(({ state: each }) => each)).toEqual(["done", "done"]);
    expect(await later.call("models.token", { token: null })).toMatchObject({ token: { kept: "none" } });
    await rm(join(bench.home, "hub-token"), { force: true });
  });
});

describe("moving the models", () => {
  it("takes them and what has arrived to another folder, where this studio and the next find them", async () => {
    await using bench = await storeBench();
    bench.hub.fault = ({ host }, n) => (host === "cdn" && n >= 2 ? { type: "status", status: 500 } : null);
    const studio = await bench.open();
    await get(studio);
    const arrived = (await studio.call("models.catalogue", {})).cards[0]!.arrivedBytes;
    const to = join(bench.home, "..", "another disk", "models");
    await studio.models.move(to);
    expect(await readdir(to)).toEqual(expect.arrayContaining(["fake", ".downloads"]));
    expect(await here(join(bench.home, "models", "fake"))).toBe(false);
    expect((await studio.call("models.list", {})).map(({ id }) => id)).toEqual(["fake"]);
    expect((await studio.call("models.catalogue", {})).cards[0]!.arrivedBytes).toBe(arrived);
    await studio.close();
    const later = await bench.open();
    bench.hub.fault = () => null;
    const jobs = await later.call("models.download", { id: "tiny" });
    await Promise.all(jobs.map(({ id }) => later.ended(id)));
    expect((await later.call("models.list", {})).map(({ id }) => id).sort()).toEqual(["fake", "tiny"]);
    // And back again.
    await later.models.move(join(bench.home, "models"));
    expect(await here(join(bench.home, "models", "tiny"))).toBe(true);
    expect(await here(join(to, "tiny"))).toBe(false);
  });

  it("refuses a folder that is used otherwise, or inside of the old one", async () => {
    await using bench = await storeBench();
    const studio = await bench.open();
    const used = join(bench.home, "..", "used");
    await mkdir(join(used, "somebody's pictures"), { recursive: true });
    for (const to of [used, join(bench.home, "models"), join(bench.home, "models", "deeper"), bench.home])
      await expect(studio.models.move(to)).rejects.toMatchObject({ code: "BAD_REQUEST" });
    expect(await readdir(used)).toEqual(["somebody's pictures"]);
    expect((await studio.call("models.list", {})).map(({ id }) => id)).toEqual(["fake"]);
  });

  it("says so when their disk is not there, and finds them when it is back", async () => {
    await using bench = await storeBench();
    const studio = await bench.open();
    const to = join(bench.home, "..", "stick");
    await studio.models.move(to);
    const away = `${to} (pulled out)`;
    await rename(to, away);
    expect(await studio.call("models.list", {})).toEqual([]);
    await expect(
      studio.call("jobs.generate", { request: { prompt: "a", model: "fake" }, variations: 1 }),
    ).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: expect.stringContaining("connect that disk") as string,
    });
    await rename(away, to);
    expect((await studio.call("models.list", {})).length).toBe(1);
  });
});
