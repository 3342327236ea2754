import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../main/media/testing.ts";
import { ensureElectron } from "./electron.mjs";

/** A package whose installer does what `script` says, and an address that answers. */
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const hub = createServer((_, answer) => answer.writeHead(404).end());
let address: string;
let count = 0;
beforeAll(async () => {
  folder = await temporaryFolder();
  await new Promise<void>((done) => hub.listen(0, "127.0.0.1", done));
  address = `http://127.0.0.1:${(hub.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  await new Promise((done) => hub.close(done));
  await folder[Symbol.asyncDispose]();
});

async function ensure(
  script: string | null,
  more: { env?: Record<string, string>; user?: number; limitMs?: number } = {},
) {
  const at = join(folder.path, String(count++));
  await mkdir(at);
  if (script !== null) await writeFile(join(at, "install.js"), script);
  const env = { PATH: process.env["PATH"], DISPLAY: ":0", ELECTRON_MIRROR: address, ...more.env };
  return { at, why: await ensureElectron({ user: 1000, platform: "linux", ...more, folder: at, env }) };
}
const installer = `const fs = require("node:fs");
fs.mkdirSync(__dirname + "/dist"); fs.writeFileSync(__dirname + "/dist/version", "1");`;

describe("Electron's runtime", () => {
  it("is fetched once by the package's own installer", async () => {
    const { at, why } = await ensure(installer);
    expect(why).toBeNull();
    expect(await readFile(join(at, "dist", "version"), "utf8")).toBe("1");
    await writeFile(join(at, "install.js"), "process.exit(9)");
    const env = { DISPLAY: ":0", ELECTRON_MIRROR: address };
    expect(await ensureElectron({ user: 1000, platform: "linux", folder: at, env })).toBeNull();
  });

  it.each([
    ["asked for the browser", installer, { env: { PLUME_SHELL: "browser" } }, "PLUME_SHELL asks for the browser"],
    ["no display", installer, { env: { DISPLAY: "" } }, "there is no display for Electron"],
    ["root", installer, { user: 0 }, "Electron does not run as root"],
    ["no package", null, {}, "the electron package is not installed"],
    [
      "no network",
      installer,
      { env: { ELECTRON_MIRROR: "http://127.0.0.1:1/" } },
      "its runtime could not be fetched (127.0.0.1:1 does not answer)",
    ],
    [
      "an installer that fails",
      `console.error("HTTPError: Response code 404 (Not Found)\\n    at Request.<anonymous> (x.js:1:1)"); process.exit(1);`,
      {},
      "its runtime could not be fetched (HTTPError: Response code 404 (Not Found))",
    ],
    [
      "a download without end",
      "setInterval(() => {}, 1000)",
      { limitMs: 300 },
      "its runtime could not be fetched (it took more than 0 minutes)",
    ],
  ])("is not used with %s, and the reason is said", async (_, script, more, why) => {
    expect((await ensure(script, more)).why).toBe(why);
  });
});
