/**
 * Fetches the source of the ffmpeg that was staged, for the release: dist/packages/ffmpeg-source.tar.xz. Sources of the libraries that a
 * static build holds (x264 and others) are named by the builder, and whoever makes a release puts them beside it.
 */
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { root } from "./stage.ts";

const build = readFileSync(join(root, "dist", "pack", "licences", "ffmpeg-build.txt"), "utf8");
const version = /^ffmpeg version n?(\d+(?:\.\d+)+)/.exec(build)?.[1];
if (version === undefined)
  throw new Error(`The version of the staged ffmpeg is not a release: ${build.split("\n")[0]}`);
const answer = await fetch(`https://ffmpeg.org/releases/ffmpeg-${version}.tar.xz`);
if (!answer.ok || answer.body === null)
  throw new Error(`The source of ffmpeg ${version} was not found (${answer.status}).`);
mkdirSync(join(root, "dist", "packages"), { recursive: true });
await pipeline(
  Readable.fromWeb(answer.body as never),
  createWriteStream(join(root, "dist", "packages", "ffmpeg-source.tar.xz")),
);
