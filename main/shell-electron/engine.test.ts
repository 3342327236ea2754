import { expect, test } from "vitest";
import { findEngine } from "./engine.ts";

const find = (existing: readonly string[], tools: readonly string[] = []) =>
  findEngine(
    "/app",
    "/app/resources",
    () => tools,
    { PATH: "/usr/bin:/bin" },
    (path) => existing.includes(path),
  )?.node;

test.runIf(process.platform !== "win32")(
  "the engine's Node is the shipped one, the fetched one, or one on PATH",
  () => {
    const shipped = "/app/resources/node/bin/node";
    const fetched = "/app/.tools/node-24.1.0/bin/node";
    expect(find([shipped, fetched, "/usr/bin/node"], ["node-24.1.0"])).toBe(shipped);
    expect(find([fetched, "/usr/bin/node"], ["cache", "node-24.1.0"])).toBe(fetched);
    expect(find(["/usr/bin/node"])).toBe("/usr/bin/node");
    expect(find([])).toBeUndefined();
  },
);
