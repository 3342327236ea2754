import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { filterText } from "./filter-text.ts";

it("text in a filter arrives as it was, whatever stands in it", async () => {
  for (const text of [
    "plain words",
    "it's 5:30, [really]; yes",
    "a\\b'c:d,e",
    "%{pts} = 100%",
    "'",
    "\\",
    "“quotes” ü 🎬",
  ]) {
    const filters = `metadata=mode=add:key=k:value=${filterText(text)},metadata=mode=print:key=k:file=${filterText("pipe:1")}`;
    const args = ["-v", "error", "-f", "lavfi", "-i", "color=s=16x16:d=0.04", "-vf", filters, "-f", "null", "-"];
    const { stdout } = await promisify(execFile)("ffmpeg", args);
    expect(/^k=(.*)$/m.exec(stdout)?.[1]).toBe(text);
  }
});
