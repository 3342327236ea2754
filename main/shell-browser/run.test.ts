import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const entry = fileURLToPath(new URL("testing/main-fake.ts", import.meta.url));
let home = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "plume-run-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [entry, ...args], { env: { ...process.env, PLUME_HOME: home } });
  let output = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  let errors = "";
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const ended = new Promise<{ code: number | null; output: string; errors: string }>((done) => {
    child.on("close", (code) => done({ code, output, errors }));
  });
  const firstLine = new Promise<string>((done, failed) => {
    child.stdout.on("data", () => output.includes("\n") && done(output.split("\n")[0] ?? ""));
    child.on("close", () => failed(new Error(`It ended without a line: ${errors}`)));
  });
  firstLine.catch(() => undefined);
  return { child, ended, firstLine };
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s ends the studio cleanly, even while a window is listening",
  async (signal) => {
    const app = start(["--no-window"]);
    const { url } = JSON.parse(await app.firstLine) as { url: string };
    const launch = await fetch(url, { redirect: "manual" });
    const cookie = launch.headers.get("set-cookie")?.split(";")[0] ?? "";
    const events = await fetch(new URL("/events", url), { headers: { cookie } });
    expect(events.status).toBe(200);
    events.body?.cancel().catch(() => undefined);
    app.child.kill(signal);
    expect((await app.ended).code).toBe(0);
  },
);

test("help and wrong options are answered in words", async () => {
  expect(await start(["--help"]).ended).toMatchObject({ code: 0, output: expect.stringContaining("--no-window") });
  expect(await start(["--nonsense"]).ended).toMatchObject({ code: 2, errors: expect.stringContaining("--help") });
  expect(await start(["--port", "99999"]).ended).toMatchObject({
    code: 2,
    errors: expect.stringContaining("0 to 65535"),
  });
});
