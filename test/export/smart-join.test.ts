import { execFile } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPreset, planExport } from "../../core/export/index.ts";
import { FRAME_RATES, type Rate } from "../../core/time/index.ts";
import { joinArgs, locateFfmpeg, type MediaTools, runMedia } from "../../main/media/index.ts";
import { PacketFiles } from "../../main/studio/export/packet-files.ts";
import type { Piece } from "../../main/studio/export/smart-plan.ts";
import { joinPieces } from "../../main/studio/export/smart-write.ts";
import { removeFolder, temporaryFolder } from "../e2e/harness.ts";
import { encodeNumbered, HEIGHT, WIDTH } from "../viewer/numbered.ts";
import { Film } from "./films.ts";
import { decoded, FRAMES, range, reference, x264 } from "./numbered-films.ts";

let folder = "";
let tools: MediaTools;
const find = async ({ copy }: Piece) => ({ path: join(folder, copy!.media), first: copy!.first });
const go = async (): Promise<void> => {};

beforeAll(async () => {
  folder = await temporaryFolder();
  tools = await locateFfmpeg();
  await encodeNumbered("24", FRAMES, [...x264, join(folder, "closed.mp4")]);
  await encodeNumbered("30000/1001", FRAMES, [...x264, join(folder, "ntsc.mp4")]);
  await encodeNumbered("24", FRAMES, [...x264, "-profile:v", "baseline", "-bf", "0", join(folder, "plain.mp4")]);
});
afterAll(() => removeFolder(folder));

/** When a file's packets are shown and decoded, in frames: exactly, or not at all. */
async function packetTimes(
  file: string,
  { numerator, denominator }: Rate,
): Promise<{ shown: number[]; decodes: number[] }> {
  const args = ["-v", "error", "-show_entries", "packet=pts,dts:stream=time_base", "-of", "json", file];
  const { stdout } = await promisify(execFile)("ffprobe", args);
  const { packets, streams } = JSON.parse(stdout) as {
    packets: { pts: number; dts: number }[];
    streams: { time_base: string }[];
  };
  const [above, below] = streams[0]!.time_base.split("/").map(Number) as [number, number];
  const frames = (ticks: number): number => (ticks * above * numerator) / (below * denominator);
  return { shown: packets.map(({ pts }) => frames(pts)), decodes: packets.map(({ dts }) => frames(dts)) };
}

describe("joining pieces of films", () => {
  it.each([
    ["24", ["closed.mp4", "plain.mp4", "closed.mp4"]],
    ["29.97", ["ntsc.mp4", "ntsc.mp4", "ntsc.mp4"]],
  ] as const)("a long film goes through several files, and every frame is where it was: %s", async (name, sources) => {
    const rate = FRAME_RATES[name];
    const firsts = [12, 0, 60];
    const counts = [60, 24, 36];
    const pieces = sources.map(
      (media, n): Piece => ({
        from: counts.slice(0, n).reduce((sum, count) => sum + count, 0),
        count: counts[n]!,
        copy: { media, first: firsts[n]! },
        cuts: null,
      }),
    );
    const parts = join(folder, `parts-${name}`);
    await rm(parts, { recursive: true, force: true });
    const packets = new PacketFiles();
    const joined = await joinPieces(pieces, { packets, rate, find, go, fileFrames: 20 }, parts, () => {});
    packets.close();
    expect((await readdir(parts)).filter((each) => each.endsWith(".mp4"))).toHaveLength(5);
    const film = new Film([reference(sources[0], rate)], { rate, width: WIDTH, height: HEIGHT });
    film.put("V1", sources[0], { count: 60 }).put("V1", sources[0], { at: 60, count: 60 });
    const plan = planExport(film.document, { ...findPreset("h264")!.settings, audio: null })!;
    const file = join(folder, `long-${name}.mp4`);
    await runMedia(tools.ffmpeg, joinArgs(plan, joined, null, file));
    const frames = firsts.flatMap((first, n) => range(first, counts[n]!));
    expect(await decoded(tools, file, rate, 120)).toEqual(frames);
    const { shown, decodes } = await packetTimes(file, rate);
    expect(shown.toSorted((a, b) => a - b)).toEqual(range(0, 120));
    expect(decodes).toEqual(range(-joined.reordering, 120));
    expect(shown.every((at, n) => at >= decodes[n]!)).toBe(true);
  });
});
