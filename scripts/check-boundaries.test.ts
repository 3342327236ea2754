import { describe, expect, it } from "vitest";
import { importsOf, roomOf, violation } from "./check-boundaries.ts";

describe("the dependency rules", () => {
  it("finds every form of import and none in comments", () => {
    const text = `import a from "one"; import type { B } from 'two';
export * from "three";
/* import x from "no" */
// import y from "no"
const c = await import("four"); import "five";
import {
  d,
} from "six";`;
    expect(importsOf(text)).toEqual(["one", "two", "three", "four", "five", "six"]);
  });

  it("knows the rooms by their longest folder", () => {
    expect(roomOf("main/studio/jobs/queue.ts")?.folder).toBe("main/studio");
    expect(roomOf("main/start.ts")?.folder).toBe("main");
    expect(roomOf("elsewhere/x.ts")).toBeUndefined();
  });

  it.each([
    ["core/contract/x.ts", "node:fs"],
    ["core/contract/x.ts", "react"],
    ["renderer/app.tsx", "../main/studio/studio.ts"],
    ["renderer/app.tsx", "fs"],
    ["native-models/onnx/x.ts", "../../main/studio/studio.ts"],
    ["native-models/onnx/x.ts", "react"],
    ["main/studio/x.ts", "electron"],
    ["main/studio/x.ts", "onnxruntime-node"],
    ["main/studio/x.ts", "../../native-models/pack/index.ts"],
    ["main/inference/x.ts", "../studio/studio.ts"],
    ["main/media/x.ts", "../inference/host.ts"],
    ["main/shell-browser/x.ts", "electron"],
    ["main/cli/x.ts", "../shell-browser/main.ts"],
    ["attic/x.ts", "zod"],
  ])("refuses %s importing %s", (file, name) => {
    expect(violation(file, name)).not.toBeNull();
  });

  it.each([
    ["core/contract/x.ts", "zod"],
    ["renderer/app.tsx", "../core/contract/index.ts"],
    ["renderer/app.tsx", "react-dom/client"],
    ["native-models/onnx/x.ts", "onnxruntime-node"],
    ["main/studio/x.ts", "../media/ffmpeg.ts"],
    ["main/shell-electron/main.ts", "electron"],
    ["main/start.ts", "./shell-browser/main.ts"],
    ["test/e2e/x.test.ts", "../../main/studio/studio.ts"],
  ])("allows %s importing %s", (file, name) => {
    expect(violation(file, name)).toBeNull();
  });
});
