import { vi } from "vitest";
import type { testBench } from "../studio/testing.ts";
import { run } from "./program.ts";

type Bench = Awaited<ReturnType<typeof testBench>>;

/** Runs a command line in this process on the fake engine, and collects what it prints. */
export async function plume(bench: Bench, argv: readonly string[], signal = new AbortController().signal) {
  let [stdout, stderr] = ["", ""];
  const out = vi.spyOn(process.stdout, "write").mockImplementation((text) => ((stdout += String(text)), true));
  const err = vi.spyOn(process.stderr, "write").mockImplementation((text) => ((stderr += String(text)), true));
  try {
    const code = await run(argv, signal, (options) => bench.open(options));
    return { code, stdout, stderr };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}
