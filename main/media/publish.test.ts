import { spawnSync } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { partPath, sweepParts } from "./publish.ts";
import { temporaryFolder } from "./testing.ts";
import { TextTail } from "./text-tail.ts";

describe("temporary files", () => {
  it("are swept when their writer is dead, and only then", async () => {
    await using folder = await temporaryFolder();
    const dead = spawnSync(process.execPath, ["-e", "0"]).pid;
    const mine = partPath(folder.path);
    await writeFile(mine, "");
    await writeFile(join(folder.path, `.plume-${dead}-0123456789ab.part`), "");
    await writeFile(join(folder.path, ".plume-notes.part"), "the user's own");
    expect(await sweepParts(folder.path)).toBe(1);
    expect(new Set(await readdir(folder.path))).toEqual(new Set([basename(mine), ".plume-notes.part"]));
    expect(await sweepParts(join(folder.path, "no such folder"))).toBe(0);
  });
});

describe("TextTail", () => {
  it("keeps exactly the end, however the text was cut", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme-ascii", maxLength: 40 })), (pieces) => {
        const tail = new TextTail(32);
        for (const piece of pieces) tail.push(Buffer.from(piece));
        expect(tail.text).toBe(pieces.join("").slice(-32).trim());
      }),
    );
  });
});
