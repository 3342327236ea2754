import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { appScript } from "../app-files/app-files.ts";

/** A Node program to run the engine with, and the engine's script. */
export interface EngineProgram {
  readonly node: string;
  readonly entry: string;
}

/**
 * Electron's program is no Node (and its allocator refuses the large blocks that models need), so the engine runs under a plain
 * Node: the one shipped in the app's resources, the one that the set-up fetched into `.tools`, or one on PATH. Null: none.
 */
export function findEngine(
  root: string,
  resources: string,
  listTools: () => readonly string[],
  environment: NodeJS.ProcessEnv,
  exists: (path: string) => boolean = existsSync,
): EngineProgram | null {
  const name = process.platform === "win32" ? "node.exe" : join("bin", "node");
  const plain = process.platform === "win32" ? "node.exe" : "node";
  const candidates = [
    join(resources, "node", name),
    ...listTools()
      .filter((folder) => folder.startsWith("node-"))
      .map((folder) => join(root, ".tools", folder, name)),
    ...(environment["PATH"] ?? "")
      .split(delimiter)
      .filter((folder) => folder !== "")
      .map((folder) => join(folder, plain)),
  ];
  const node = candidates.find(exists);
  return node === undefined ? null : { node, entry: appScript("main/inference/worker.ts") };
}
