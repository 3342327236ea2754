/** A fuzz that stands still must end and say where: otherwise "no hang" is only what nobody waited for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";

const watch = new URL("watch.ts", import.meta.url).href;

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-watch-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function standStill(how: string): Promise<{ readonly signal: NodeJS.Signals | null; readonly output: string }> {
  const path = join(folder, "program.mjs");
  await writeFile(
    path,
    `import { StandstillWatch } from ${JSON.stringify(watch)};
    const watch = new StandstillWatch(1000, ${JSON.stringify(folder)});
    watch.begin(4711, "some.pt");
    ${how}`,
  );
  const child = spawn(process.execPath, [path], { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { signal: signal as NodeJS.Signals | null, output: `${stdout}${stderr}` };
}

it("a promise that nobody settles ends the program, with the seed and what it waits for", async () => {
  const { signal, output } = await standStill("await new Promise(() => {});");
  expect(output).toContain("seed 4711, some.pt: no answer");
  expect(output).toContain("the thread pool answers to another request; still no answer");
  expect(signal).toBe("SIGKILL");
});

it("an endless loop ends too, though the program never comes to its next turn", async () => {
  const { signal, output } = await standStill("for (;;);");
  expect(output).toContain("seed 4711: no answer, and the program does not come to its next turn");
  expect(signal).toBe("SIGKILL");
});
