/** The app as a program of its own, for end-to-end tests and benchmarks. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
export const realEntry = join(root, "main", "shell-browser", "main.ts");
export const fakeEntry = join(root, "main", "shell-browser", "testing", "main-fake.ts");
/** The real studio with a catalogue of the test's own. */
export const storeEntry = join(root, "main", "shell-browser", "testing", "main-store.ts");

export interface RunningApp {
  readonly url: string;
  readonly pid: number;
  /** Everything that it wrote to stderr so far. */
  readonly errors: () => string;
  /** Ends it as a user's system would and resolves with its exit code. */
  stop(): Promise<number | null>;
}

/** Starts the app as a program of its own, without a window, and waits until it says where it is. */
export async function startApp(
  entry: string,
  environment: Readonly<Record<string, string>>,
  nodeOptions: readonly string[] = [],
): Promise<RunningApp> {
  if (!existsSync(join(root, "dist", "renderer", "index.html"))) {
    throw new Error("The window is not built: run `npm run build` first.");
  }
  const child = spawn(process.execPath, [...nodeOptions, entry, "--no-window"], {
    env: { ...process.env, ...environment },
  });
  let output = "";
  let errors = "";
  child.stderr.on("data", (data: Buffer) => {
    errors += data.toString();
  });
  const ended = new Promise<number | null>((done) => child.once("close", done));
  const url = await new Promise<string>((done, failed) => {
    child.stdout.on("data", (data: Buffer) => {
      output += data.toString();
      if (output.includes("\n")) done((JSON.parse(output.split("\n")[0] ?? "") as { url: string }).url);
    });
    child.once("close", (code) => failed(new Error(`The app ended with ${code} before it was ready:\n${errors}`)));
  });
  return {
    url,
    pid: child.pid ?? 0,
    errors: () => errors,
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
      const code = await ended;
      clearTimeout(timer);
      return code;
    },
  };
}
