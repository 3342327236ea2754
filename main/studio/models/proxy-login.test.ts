import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { get, storeBench } from "./testing/bench.ts";
import { TestProxy } from "./testing/proxy.ts";
import { vault } from "./testing/vault.ts";

/** Everything that is written in a folder's own files, as one text. */
async function written(folder: string): Promise<string> {
  const files = (await readdir(folder, { withFileTypes: true })).filter((each) => each.isFile());
  return (await Promise.all(files.map(({ name }) => readFile(join(folder, name), "latin1")))).join();
}

describe("a proxy's name and password", () => {
  const LOGIN = "ann:s3cret%40home";
  const credentials = "ann:s3cret@home";

  it("open the way, are kept in the keychain apart from its address, and never come back out", async () => {
    await using proxy = await TestProxy.start({ credentials });
    await using bench = await storeBench();
    const desktop = await bench.open({ vault });
    const state = await desktop.call("models.configure", { proxy: proxy.url(LOGIN) });
    expect(state).toMatchObject({ proxy: proxy.url(), proxyLogin: "keychain" });
    await desktop.close();
    const later = await bench.open({ vault });
    // The address as it is shown, and other settings, leave them as they are.
    expect(await later.call("models.configure", { proxy: proxy.url(), connections: 2 })).toMatchObject({
      proxyLogin: "keychain",
    });
    const ended = await get(later);
    expect(ended.map(({ state: each }) => each)).toEqual(["done", "done"]);
    expect(proxy.asked.length).toBeGreaterThan(0);
    expect(JSON.stringify([await later.call("models.settings", {}), await later.call("jobs.list", {})])).not.toContain(
      "s3cret",
    );
    expect(await written(bench.home)).not.toContain("s3cret");
    expect(await later.call("models.forgetProxyLogin", {})).toMatchObject({ proxy: proxy.url(), proxyLogin: "none" });
    await later.call("models.remove", { id: "tiny" });
    const [refused] = await get(later);
    expect(refused).toMatchObject({ state: "failed", error: { message: expect.stringMatching(/name and password/) } });
  });

  it("of another proxy are forgotten; without a keychain they are kept for the session only", async () => {
    await using bench = await storeBench();
    const studio = await bench.open();
    const known = "http://proxy.example.org:8080";
    expect(await studio.call("models.configure", { proxy: "http://ann:s3cret@proxy.example.org:8080" })).toMatchObject({
      proxy: known,
      proxyLogin: "session",
    });
    expect(await studio.call("models.configure", { proxy: "http://other.example.org:8080" })).toMatchObject({
      proxyLogin: "none",
    });
    await studio.call("models.configure", { proxy: "http://ann:s3cret@proxy.example.org:8080" });
    await studio.close();
    const next = await bench.open();
    expect(await next.call("models.settings", {})).toMatchObject({ proxy: known, proxyLogin: "none" });
    expect(await written(bench.home)).not.toContain("s3cret");
  });

  it("that an earlier version wrote down as they were typed are taken out of the settings and go on opening the way", async () => {
    await using proxy = await TestProxy.start({ credentials });
    await using bench = await storeBench();
    const file = join(bench.home, "model-store.json");
    const old = await bench.open({ vault });
    const { mirror } = await old.call("models.settings", {});
    await old.close();
    await writeFile(file, JSON.stringify({ mirror, proxy: proxy.url(LOGIN), connections: 3 }));
    const studio = await bench.open({ vault });
    expect(await studio.call("models.settings", {})).toMatchObject({
      proxy: proxy.url(),
      proxyLogin: "keychain",
      connections: 3,
    });
    expect(await written(bench.home)).not.toContain("s3cret");
    const ended = await get(studio);
    expect(ended.map(({ state }) => state)).toEqual(["done", "done"]);
    expect(proxy.asked.length).toBeGreaterThan(0);
  });
});
