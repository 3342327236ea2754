/** A page with a script, and a folder of media behind it, for tests in Chromium. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { build } from "vite";
import { byteRange } from "../../main/shell-common/range.ts";

/** One script of a module and all that it imports. @param entry beside this file */
export async function bundle(entry: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: "error",
    define: { "process.env.NODE_ENV": JSON.stringify("production") },
    build: {
      write: false,
      minify: false,
      target: "chrome140",
      lib: {
        entry: fileURLToPath(new URL(entry, import.meta.url)),
        formats: ["iife"],
        name: "page",
        fileName: "page",
      },
    },
  });
  const [first] = result as { output: { type: string; code?: string }[] }[];
  return first!.output.find(({ type }) => type === "chunk")!.code!;
}

export interface TestServer {
  readonly url: string;
  close(): void;
}

/** Serves `/` (a page that runs the script), and `/media/NAME` out of a folder, in parts where parts are asked for. */
export async function serve(script: string, folder: string): Promise<TestServer> {
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    if (path === "/") {
      response.setHeader("Content-Type", "text/html");
      response.end('<!doctype html><body style="margin:0"><script src="/page.js"></script>');
      return;
    }
    if (path === "/page.js") {
      response.setHeader("Content-Type", "text/javascript");
      response.end(script);
      return;
    }
    const file = join(folder, basename(decodeURIComponent(path)));
    stat(file).then(
      ({ size }) => {
        const range = byteRange(request.headers.range, size);
        if (range.status === 416) {
          response.writeHead(416).end();
          return;
        }
        response.writeHead(range.status, {
          "Content-Type": "application/octet-stream",
          "Accept-Ranges": "bytes",
          "Content-Length": range.end - range.start + 1,
          ...(range.status === 206 ? { "Content-Range": `bytes ${range.start}-${range.end}/${size}` } : {}),
        });
        createReadStream(file, { start: range.start, end: range.end }).pipe(response);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Calls the methods that a page's script has put into the global of this name. */
export const callerOf =
  <Methods>(page: () => Page, global: string) =>
  <Name extends keyof Methods & string>(
    name: Name,
    ...args: Methods[Name] extends (...given: infer Given) => unknown ? Given : never
  ): Promise<Awaited<Methods[Name] extends (...given: never[]) => infer Value ? Value : never>> =>
    page().evaluate(
      ([owner, method, values]) =>
        (globalThis as never as Record<string, Record<string, (...given: unknown[]) => unknown>>)[owner]![method]!(
          ...values,
        ),
      [global, name, args] as const,
    ) as never;
