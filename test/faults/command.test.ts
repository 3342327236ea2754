import { type ChildProcess, spawn } from "node:child_process";
import { constants, existsSync } from "node:fs";
import { access, mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Clip, generationRecordSchema } from "../../core/contract/index.ts";
import { locateFfmpeg, probeVideo } from "../../main/media/index.ts";
import { temporaryFolder } from "../../main/media/testing.ts";
import { KILLED } from "./children.ts";

/** The command line as a user runs it: a process of its own, the real engine, the starter model. */
const launcher = fileURLToPath(new URL("../../main/cli/plume.mjs", import.meta.url));
const STARTER = fileURLToPath(new URL("../../assets/models/starter.ckpt", import.meta.url));
const hasStarter = existsSync(STARTER);
const MEMORY_GROUPS = "/sys/fs/cgroup/memory";
const canLimitMemory =
  existsSync(join(MEMORY_GROUPS, "memory.limit_in_bytes")) &&
  (await access(MEMORY_GROUPS, constants.W_OK).then(
    () => true,
    () => false,
  ));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  // The first command pays for installing the starter.
  if (hasStarter) expect((await plume(["models", "list", "--json"]).done).code).toBe(0);
});
afterAll(async () => folder[Symbol.asyncDispose]());

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function plume(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = {},
  wrapper: readonly string[] = [],
): { child: ChildProcess; done: Promise<Ended> } {
  const [program, ...args] = [...wrapper, process.execPath, launcher, ...argv];
  const child = spawn(program!, args, {
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, as a terminal makes one: a signal to it reaches the engine and ffmpeg too.
    detached: true,
    env: { ...process.env, PLUME_HOME: join(folder.path, "home"), PLUME_OUTPUT: join(folder.path, "out"), ...env },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const done = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
  return { child, done };
}

// Each command starts an engine; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 400_000 });

const small = ["--steps", "2", "--frames", "2"];
/** Long enough to be interrupted. */
const long = ["--steps", "50", "--frames", "16"];

/** The process below `pid` whose command line contains `word`, once there is one. */
async function waitForChild(pid: number, word: string): Promise<number> {
  return vi.waitFor(
    async () => {
      for (const name of await readdir("/proc")) {
        if (!/^\d+$/.test(name)) continue;
        const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        const command = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
        if (parent === pid && command.includes(word)) return Number(name);
      }
      throw new Error(`no ${word} yet`);
    },
    { timeout: 200_000, interval: 50 },
  );
}

async function left(): Promise<string[]> {
  return (await readdir(join(folder.path, "out")).catch(() => [] as string[])).filter((name) =>
    name.includes("interrupted"),
  );
}

describe.skipIf(!hasStarter)("plume generate on the starter model", () => {
  it("makes a playable clip with its record, and the same frames again for the same seed", async () => {
    const ask = ["generate", "blue bubbles rising slowly", "--seed", "5", ...small, "--json"];
    const clips: (Clip & { file: string })[] = [];
    for (let i = 0; i < 2; i += 1) {
      const { code, stdout, stderr } = await plume(ask).done;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      clips.push(...(JSON.parse(stdout) as { clips: (Clip & { file: string })[] }).clips);
    }
    const [one, two] = clips as [Clip & { file: string }, Clip & { file: string }];
    expect(two.record.framesSha256).toBe(one.record.framesSha256);
    expect(await readFile(two.file)).toEqual(await readFile(one.file));
    const probe = await probeVideo(await locateFfmpeg(), one.file);
    expect(probe).toMatchObject({ codec: "h264", frames: 2, width: one.width, tags: { matrix: "bt709" } });
    const record = generationRecordSchema.parse(JSON.parse(await readFile(one.file.replace(".mp4", ".json"), "utf8")));
    expect(record).toMatchObject({
      request: { seed: 5 },
      model: { id: "starter" },
      framesSha256: one.record.framesSha256,
    });
    const other = await plume(["generate", "blue bubbles rising slowly", "--seed", "6", ...small, "--json"]).done;
    expect(other.stdout).not.toContain(one.record.framesSha256);
  });

  it("takes emoji and right-to-left text", async () => {
    const { code, stdout } = await plume(["generate", "🎈 بالونات حمراء", "--steps", "1", "--frames", "1"]).done;
    expect(code).toBe(0);
    expect(existsSync(stdout.trim())).toBe(true);
  });

  it.skipIf(process.platform !== "linux").each(["SIGINT", "SIGTERM"] as const)(
    "stops at %s with exit code 130, one sentence, and no file",
    async (signal) => {
      const { child, done } = plume(["generate", "interrupted", ...long]);
      const engine = await waitForChild(child.pid!, "worker.ts");
      await new Promise((resolve) => setTimeout(resolve, 1000));
      // Ctrl-C goes to the whole group, an ordinary kill to the command alone.
      process.kill(signal === "SIGINT" ? -child.pid! : child.pid!, signal);
      const { code, stdout, stderr } = await done;
      expect({ code, stdout, stderr }).toEqual({
        code: 130,
        stdout: "",
        stderr: "plume: Cancelled; no file was left behind.\n",
      });
      expect(await left()).toEqual([]);
      expect(existsSync(`/proc/${engine}`)).toBe(false);
    },
  );

  it.skipIf(process.platform !== "linux")(
    "says so when its engine is killed, with exit code 1 and no file",
    async () => {
      const { child, done } = plume(["generate", "interrupted", ...long, "--json"]);
      const engine = await waitForChild(child.pid!, "worker.ts");
      process.kill(engine, "SIGKILL");
      const { code, stdout, stderr } = await done;
      expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
      expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: expect.stringMatching(KILLED) } });
      expect(await left()).toEqual([]);
    },
  );

  it.skipIf(!canLimitMemory)(
    "survives the kernel's out-of-memory killer and says what to change (needs a writable memory cgroup, version 1)",
    async () => {
      const group = join(MEMORY_GROUPS, `plume-test-${process.pid}`);
      await mkdir(group, { recursive: true });
      try {
        const ask = ["generate", "interrupted", "--size", "1024x1024", "--frames", "26", "--steps", "1", "--json"];
        // The shell moves itself into the group and becomes the command.
        const { child, done } = plume(ask, {}, ["sh", "-c", `echo $$ > ${group}/cgroup.procs && exec "$@"`, "sh"]);
        // Only now is the memory taken away: a computer known to have too little refuses the clip beforehand.
        await waitForChild(child.pid!, "worker.ts").catch(async (error: unknown) => {
          process.kill(-child.pid!, "SIGKILL");
          await done;
          throw error;
        });
        await writeFile(join(group, "memory.limit_in_bytes"), "1G");
        const { code, stdout } = await done;
        expect(code).toBe(1);
        expect(JSON.parse(stdout)).toMatchObject({
          error: { code: "MODEL_OUT_OF_MEMORY", message: expect.stringContaining("smaller size or fewer frames") },
        });
        expect(await left()).toEqual([]);
      } finally {
        await rmdir(group);
      }
    },
  );

  it("says how to get ffmpeg when there is none", async () => {
    const { code, stdout, stderr } = await plume(["generate", "interrupted", ...small], {
      PATH: "/nowhere",
      PLUME_FFMPEG: "",
    }).done;
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^plume: .*apt install ffmpeg.*brew install ffmpeg.*winget install ffmpeg[^\n]*\n$/);
    expect(await left()).toEqual([]);
  });

  it("knows only models that are installed", async () => {
    const { code, stderr } = await plume(["generate", "x", "--model", "imaginary"]).done;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^plume: This model is not installed[^\n]*\n$/);
  });
});
