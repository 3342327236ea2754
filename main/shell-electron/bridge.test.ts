/** Everything that a page can send to Electron's main process, tried with what no honest page would send, on the real studio. */
import { execFileSync } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { bridgeChannels, contract, type Reply, replySchema } from "../../core/contract/index.ts";
import type { Studio } from "../studio/studio.ts";
import { make, testBench } from "../studio/testing.ts";
import { openBridge } from "./bridge.ts";
import { FakeContents, ipcMain } from "./testing/fake-electron.ts";

vi.mock("electron", () => import("./testing/fake-electron.ts"));

let bench: Awaited<ReturnType<typeof testBench>>;
let studio: Studio;
const desktop = { showMenus: vi.fn(), projectOpened: vi.fn(), dragIcon: vi.fn() };
beforeAll(async () => {
  bench = await testBench();
  studio = await bench.open();
  openBridge(ipcMain as never, studio, desktop);
});
afterAll(async () => bench[Symbol.asyncDispose]());

const ours = { senderFrame: { url: "app://studio/", parent: null } };
const send = async (channel: string, ...args: unknown[]): Promise<Reply> =>
  replySchema.parse(await ipcMain.handlers.get(channel)!(...([ours, ...args] as never[])));

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < depth; n++) value = [value];
  return value;
}
const ownProto = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as object;
const throwing = Object.defineProperty({}, "id", {
  enumerable: true,
  get() {
    throw new Error("a getter ran");
  },
});

/** None of them is a valid input of any method. */
const hostile: [string, unknown][] = [
  ["nothing at all", undefined],
  ["null", null],
  ["a number", Number.NaN],
  ["text", "jobs"],
  ["a list", [{}]],
  ["too much", { id: "x".repeat(1 << 21) }],
  ["too many", Array.from({ length: 600_000 }, () => 0)],
  ["too deep", { id: nested(200_000) }],
  ["deep", { id: nested(1000) }],
  ["a prototype", ownProto],
  ["a prototype further in", { request: ownProto, arguments: ownProto, settings: ownProto, id: "a" }],
  ["a getter that throws", throwing],
  ["an own toJSON", { toJSON: () => ({ toString: "x" }) }],
  ["a path for an id", { id: "../../etc/passwd", ids: ["/etc/passwd"], clips: ["..\\.."] }],
  ["an object for an id", { id: { toString: "x" }, ids: {} }],
  ["an id with a NUL", { id: "a\u0000b" }],
  ["an endless id", { id: "a".repeat(65) }],
  ["numbers out of all bounds", { request: { prompt: "x", width: 1e308, seed: -1, steps: 1e9 }, variations: 1e9 }],
  ["a place to write to", { request: { prompt: "x", output: "/etc/passwd" }, variations: 1, file: "/etc/passwd" }],
];

test("there are no channels but those that are tried here", () => {
  expect([...ipcMain.handlers.keys()].sort((a, b) => (a < b ? -1 : 1))).toEqual(
    [bridgeChannels.call, bridgeChannels.importFile].sort((a, b) => (a < b ? -1 : 1)),
  );
  const told = [bridgeChannels.listen, bridgeChannels.listenShell, bridgeChannels.menus, bridgeChannels.drag];
  expect(ipcMain.eventNames()).toEqual(told);
});

describe.each(Object.keys(contract))("%s", (method) => {
  test("refuses every hostile input in one sentence", async () => {
    for (const [name, input] of hostile) {
      const reply = await send(bridgeChannels.call, method, input);
      expect(reply.ok ? `${name} was accepted` : reply.error.code).toBe("BAD_REQUEST");
    }
    expect("polluted" in {}).toBe(false);
  });

  test("answers whatever else is sent with an envelope and without a defect", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (input) => {
        const reply = await send(bridgeChannels.call, method, input);
        if (!reply.ok) expect(reply.error.code).not.toBe("INTERNAL");
      }),
      { numRuns: 10 },
    );
  });
});

test.each([
  "",
  "constructor",
  "__proto__",
  "toString",
  "jobs.explode",
  "jobs.list\u0000",
  "x".repeat(1 << 16),
  null,
  {},
])("there is no method %j", async (method) => {
  expect(await send(bridgeChannels.call, method, {})).toMatchObject({ ok: false, error: { code: "BAD_REQUEST" } });
});

describe("the path of a dropped file", () => {
  test.each<[unknown]>([[undefined], [null], [7], [""], ["x".repeat(5000)], [{ toString: () => "/etc/passwd" }]])(
    "%j is none",
    async (path) => {
      expect(await send(bridgeChannels.importFile, path, {})).toMatchObject({ error: { code: "BAD_REQUEST" } });
    },
  );

  test("what is no plain file of media is refused, and nothing waits for ever", async () => {
    const folder = join(bench.output, "odd");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "letter.txt"), "Dear studio");
    await symlink("/dev/zero", join(folder, "zero.png"));
    const pipe = join(folder, "pipe.wav");
    if (process.platform !== "win32") execFileSync("mkfifo", [pipe]);
    const paths = [
      "/dev/zero",
      "/dev/stdin",
      folder,
      "/proc/self/environ",
      "file:///etc/passwd",
      "http://127.0.0.1/a.png",
    ];
    paths.push(
      "concat:/etc/passwd|/etc/hosts",
      "-i",
      "nul\u0000.png",
      "\\\\host\\share\\a.png",
      "data:image/png;base64,AA",
    );
    paths.push(pipe, join(folder, "zero.png"), join(folder, "letter.txt"), join(folder, "..", "odd"));
    for (const path of paths) {
      const reply = await send(bridgeChannels.importFile, path, {});
      expect(reply.ok ? `${path} was taken` : reply.error.code, path).toMatch(/^MEDIA_|^BAD_REQUEST$|^NOT_FOUND$/);
    }
    expect(await studio.call("media.list", {})).toEqual([]);
  });

  test.each<[string, unknown]>([
    ["a word", "x"],
    ["a list", []],
    ["an unknown purpose", { output: "/etc/passwd" }],
    ["a prototype", ownProto],
    ["an id that is none", { sequence: "../x", as: "../x" }],
  ])("a purpose that makes no sense is refused: %s", async (_name, purpose) => {
    expect(await send(bridgeChannels.importFile, "/nowhere.png", purpose)).toMatchObject({
      error: { code: "BAD_REQUEST" },
    });
  });
});

const sender = () => new FakeContents();
const sendMenus = (data: unknown) => ipcMain.emit(bridgeChannels.menus, { ...ours, sender: sender() }, data);

describe("messages without an answer", () => {
  const strangers = [
    null,
    { url: "https://example.org/", parent: null },
    { url: "app://studio/", parent: {} },
    { url: "app://studio.evil/", parent: null },
  ];
  const menus = [{ title: "Edit", items: [{ id: "history.undo", title: "Undo", chord: "Mod+KeyZ", begins: true }] }];

  test.each([
    [bridgeChannels.listen, undefined],
    [bridgeChannels.listenShell, undefined],
    [bridgeChannels.menus, menus],
    [bridgeChannels.drag, "clip"],
  ])("%s is not heard from anybody else", async (channel, data) => {
    desktop.showMenus.mockClear();
    for (const senderFrame of strangers) {
      const page = sender();
      ipcMain.emit(channel, { senderFrame, sender: page }, data);
      await new Promise((done) => setTimeout(done, 5));
      expect([page.sent, page.dragged]).toEqual([[], []]);
    }
    expect(desktop.showMenus).not.toHaveBeenCalled();
  });

  test("menus are what menus are made of, or nothing", () => {
    for (const [, input] of hostile) sendMenus(input);
    sendMenus([{ title: "Edit", items: [{ ...menus[0]!.items[0]!, click: "process.exit()" }] }]);
    sendMenus([{ title: "Edit", items: [{ ...menus[0]!.items[0]!, role: "toggleDevTools" }] }]);
    sendMenus([{ title: "Edit", items: [{ ...menus[0]!.items[0]!, id: "../../x" }] }]);
    sendMenus([{ title: "x".repeat(5000), items: [] }]);
    sendMenus(Array.from({ length: 100 }, () => menus[0]));
    expect(desktop.showMenus).not.toHaveBeenCalled();
    sendMenus(menus);
    expect(desktop.showMenus).toHaveBeenCalledWith(menus);
  });

  test("only a clip of the library is dragged out, by its id", async () => {
    const page = sender();
    for (const id of ["/etc/passwd", "../x", "unknown", "", "a".repeat(65), {}, null, 7])
      ipcMain.emit(bridgeChannels.drag, { ...ours, sender: page }, id);
    await new Promise((done) => setTimeout(done, 50));
    expect(page.dragged).toEqual([]);
    // One of the random inputs above may have been a good one, and paused the queue.
    await studio.call("queue.release", {});
    const job = await make(studio, "blue bubbles");
    ipcMain.emit(bridgeChannels.drag, { ...ours, sender: page }, job.clip!.id);
    await vi.waitFor(() => expect(page.dragged).toHaveLength(1));
    expect(page.dragged[0]!.file).toBe(join(bench.output, job.clip!.fileName));
  });
});
