/** Downloads through a proxy: a real one, whatever it does. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../../media/testing.ts";
import { noise, sha256, TestHub } from "../testing/hub.ts";
import { TestProxy, type ProxyWish } from "../testing/proxy.ts";
import { download } from "./download.ts";
import { Wire } from "./wire.ts";

const content = noise(300_000, 5);

afterEach(() => vi.unstubAllEnvs());

async function bench(wish: ProxyWish, address: (proxy: TestProxy) => string | null = (proxy) => proxy.url()) {
  const folder = await temporaryFolder();
  const hub = await TestHub.start();
  const proxy = await TestProxy.start(wish);
  hub.put("maker/model", "model.pt", content);
  const path = join(folder.path, "done", "model.pt");
  const wire = new Wire({ proxy: address(proxy), idleMs: 20_000 });
  const get = () =>
    download(
      {
        url: hub.resolve("maker/model", "model.pt"),
        token: null,
        path,
        parts: join(folder.path, "parts"),
        size: null,
        sha256: null,
      },
      {
        wire,
        signal: new AbortController().signal,
        connections: 2,
        pieceBytes: 60_000,
        backOff: { tries: 4, firstMs: 1, mostMs: 20 },
      },
    );
  return {
    hub,
    proxy,
    get,
    isRight: async () => sha256(await readFile(path)) === sha256(content),
    async [Symbol.asyncDispose]() {
      await wire.close();
      await proxy[Symbol.asyncDispose]();
      await hub[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

it("all that is fetched goes through it, the hub's and the content host's", async () => {
  await using table = await bench({});
  await table.get();
  expect(await table.isRight()).toBe(true);
  expect(new Set(table.proxy.asked).size).toBe(2);
  expect(table.proxy.asked).toContain(new URL(table.hub.url).host);
});

it("name and password in its address are sent to it, and to nobody else", async () => {
  await using table = await bench({ credentials: "ann:s3cret" }, (proxy) => proxy.url("ann:s3cret"));
  await table.get();
  expect(await table.isRight()).toBe(true);
  expect(table.hub.asked.every(({ authorization }) => authorization === null)).toBe(true);
});

it.each([
  ["no name", ""],
  ["a wrong password", "ann:guess"],
])("with %s it says what to write where, at once", async (_, given) => {
  await using table = await bench({ credentials: "ann:s3cret" }, (proxy) => proxy.url(given));
  await expect(table.get()).rejects.toMatchObject({
    code: "DOWNLOAD_REFUSED",
    message: expect.stringMatching(/proxy.*name and password/i) as string,
  });
  expect(table.hub.asked.length).toBe(0);
  // Asking again would lock the account in some offices.
  expect(table.proxy.asked.length).toBe(1);
});

it("one that forbids the hub is named as the one who forbids", async () => {
  await using table = await bench({ refuse: () => 403 });
  await expect(table.get()).rejects.toMatchObject({
    code: "DOWNLOAD_REFUSED",
    message: expect.stringMatching(/proxy.*does not let/i) as string,
  });
});

it("one that is busy for a while is asked again", async () => {
  await using table = await bench({ refuse: (n) => (n < 2 ? 503 : null) });
  await table.get();
  expect(await table.isRight()).toBe(true);
});

it("one that cuts tunnels in the middle loses nothing that has passed", async () => {
  await using table = await bench({ dropAfter: (n) => (n > 0 && n < 5 ? 25_000 : null) });
  await table.get();
  expect(await table.isRight()).toBe(true);
});

it("one that is not there is told from a hub that is not there", async () => {
  const gone = await TestProxy.start();
  const address = gone.url();
  await gone[Symbol.asyncDispose]();
  await using table = await bench({}, () => address);
  await expect(table.get()).rejects.toMatchObject({
    code: "DOWNLOAD_FAILED",
    message: expect.stringMatching(/proxy/) as string,
  });
});

it("the computer's own (HTTP_PROXY) is taken where none is set, and NO_PROXY excepts hosts", async () => {
  const proxy = await TestProxy.start();
  vi.stubEnv("HTTP_PROXY", proxy.url());
  vi.stubEnv("http_proxy", proxy.url());
  vi.stubEnv("NO_PROXY", "");
  vi.stubEnv("no_proxy", "");
  {
    await using table = await bench({}, () => null);
    await table.get();
    expect(await table.isRight()).toBe(true);
    expect(proxy.asked.length).toBeGreaterThan(0);
  }
  const before = proxy.asked.length;
  vi.stubEnv("NO_PROXY", "127.0.0.1,localhost");
  vi.stubEnv("no_proxy", "127.0.0.1,localhost");
  {
    await using table = await bench({}, () => null);
    await table.get();
    expect(await table.isRight()).toBe(true);
    expect(proxy.asked.length).toBe(before);
  }
  await proxy[Symbol.asyncDispose]();
});
