import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { StudioError } from "../../core/contract/index.ts";
import type { ShellStudio } from "../shell-common/content.ts";
import { startBrowserShell } from "./shell.ts";

const usage = `Plume Studio in a browser window of its own.

  --no-window      print the address as one JSON line instead of opening a window
  --port NUMBER    serve on this port (default: the one of last time, or any free one)
  --help           this text
`;

/**
 * The whole life of the browser shell as a program: opens the studio and its window, ends when the window is closed or at
 * SIGINT/SIGTERM, and resolves with the exit code. What the user must know goes to stdout or stderr, one sentence each.
 */
export async function runBrowserShell(
  args: readonly string[],
  openStudio: () => Promise<ShellStudio>,
  dataFolder: string,
): Promise<number> {
  const options = readOptions(args);
  if (typeof options === "string") {
    process.stderr.write(`${options}\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  let studio: ShellStudio | null = null;
  try {
    // From here on a signal must end the program cleanly, even in the middle of opening.
    const asked = new Promise<void>((done) => {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => done());
    });
    studio = await openStudio();
    const shell = await startBrowserShell({
      studio,
      rendererFolder: join(resolve(fileURLToPath(import.meta.url), "..", "..", ".."), "dist", "renderer"),
      profileFolder: join(dataFolder, "browser-shell"),
      port: options.port,
      openWindow: !options["no-window"],
    });
    if (options["no-window"]) process.stdout.write(`${JSON.stringify({ url: shell.url })}\n`);
    else if (!shell.window)
      process.stdout.write(`Plume Studio is at ${shell.url}\nOpen it in a browser; Ctrl+C ends it.\n`);
    await Promise.race([asked, shell.window?.closed ?? asked]);
    await shell.close();
    return 0;
  } catch (cause) {
    const error = StudioError.from(cause);
    process.stderr.write(`${error.message}\n`);
    if (error.code === "INTERNAL" && error.detail) process.stderr.write(`${error.detail}\n`);
    return 1;
  } finally {
    await studio?.close();
  }
}

function readOptions(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { "no-window": { type: "boolean" }, port: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
    const port = Number(values.port ?? 0);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) return "The port must be a number from 0 to 65535.";
    return { ...values, port };
  } catch (cause) {
    return `${cause instanceof Error ? cause.message : String(cause)}\nUse --help to see the options.`;
  }
}
