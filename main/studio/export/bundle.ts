import { createWriteStream } from "node:fs";
import { mkdir, open as openFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import yauzl from "yauzl";
import yazl from "yazl";
import { StudioError } from "../../../core/contract/index.ts";
import { writeOtio } from "../../../core/exchange/index.ts";
import type { MediaReference, Timeline } from "../../../core/timeline/index.ts";
import { partPath, publish } from "../../media/index.ts";
import type { Destination } from "../studio.ts";
import { BundleReader } from "./bundle-reader.ts";
import { removeTarget } from "./target.ts";

/** OpenTimelineIO's bundles: a zip of `content.otio`, `version.txt` and `media/`, in which nothing is compressed. */

/** More than any timeline is. */
export const MAX_TIMELINE_BYTES = 200 * 2 ** 20;
const MAX_ENTRIES = 20_000;
/** Films do not become smaller in a zip: what unpacks to many times its size is made to fill disks. */
const MAX_GROWTH = 20;

/** Returns sentences about media that are not there. Errors: OUTPUT_UNWRITABLE, DISK_FULL. @param files where media lie, by their ids */
export async function writeBundle(
  timeline: Timeline,
  files: ReadonlyMap<string, string>,
  { file, overwrite }: Destination,
): Promise<string[]> {
  const names = namesFor(files);
  const zip = new yazl.ZipFile();
  const nameOf = (media: MediaReference): string => names.get(media.id) ?? basename(media.path);
  const url = (media: MediaReference): string => `media/${encodeURIComponent(nameOf(media))}`;
  // A bundle is handed on: where its media lay on this computer is nobody's business.
  const media = Object.entries(timeline.media).map(([id, each]) => [id, { ...each, path: `media/${nameOf(each)}` }]);
  const content = writeOtio({ ...timeline, media: Object.fromEntries(media) as Timeline["media"] }, url);
  zip.addBuffer(Buffer.from(content), "content.otio", { compress: false });
  zip.addBuffer(Buffer.from("1.0.0"), "version.txt", { compress: false });
  for (const [id, path] of files) zip.addFile(path, `media/${names.get(id)}`, { compress: false });
  const part = partPath(dirname(file));
  try {
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(part, { flags: "wx" }));
    await publish(part, file, overwrite);
  } finally {
    await removeTarget(part);
  }
  const lost = Object.values(timeline.media).filter(({ id }) => !files.has(id));
  return lost.map(({ name }) => `“${name}” is not there and not in the bundle.`);
}

/** A name for each file that no other has, on systems too that do not tell large letters from small. */
function namesFor(files: ReadonlyMap<string, string>): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const [id, path] of files) {
    const extension = extname(path);
    const base = basename(path, extension);
    let name = base + extension;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${base}-${n}${extension}`;
    taken.add(name.toLowerCase());
    names.set(id, name);
  }
  return names;
}

/**
 * Unpacks a bundle's media into `media/` of a folder and returns its timeline. Only plain files directly in `media/` are unpacked: no name
 * leads out of the folder. Errors: BAD_REQUEST (damaged, no timeline, larger than it may be), DISK_FULL.
 */
export async function unpackBundle(file: string, folder: string): Promise<string> {
  const handle = await openFile(file, "r");
  const { size } = await handle.stat();
  const reader = new BundleReader(handle, size);
  const safely = <T>(work: Promise<T>): Promise<T> => Promise.race([work, reader.failure]).catch(damaged);
  let zip: yauzl.ZipFile | null = null;
  try {
    zip = await safely(yauzl.fromRandomAccessReaderPromise(reader, size, { lazyEntries: true, autoClose: false }));
    const entries = await safely(entriesOf(zip));
    const grown = entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0);
    if (entries.length > MAX_ENTRIES || grown > MAX_GROWTH * size)
      throw new StudioError("BAD_REQUEST", "This .otioz file unpacks to far more than it is: it is not opened.");
    const timeline = entries.find(({ fileName }) => fileName === "content.otio");
    if (timeline === undefined || timeline.uncompressedSize > MAX_TIMELINE_BYTES)
      throw new StudioError("BAD_REQUEST", "This .otioz file holds no timeline: ask for it again.");
    const content = await safely(textOf(zip, timeline));
    for (const entry of entries) {
      const name = mediaName(entry);
      if (name === null) continue;
      await mkdir(join(folder, "media"), { recursive: true });
      const source = await safely(open(zip, entry));
      await safely(pipeline(source, createWriteStream(join(folder, "media", name), { flags: "wx" })));
    }
    return content;
  } finally {
    zip?.close();
    await handle.close();
  }
}

function damaged(cause: unknown): never {
  const error = StudioError.from(cause);
  if (error.code !== "INTERNAL") throw error;
  throw new StudioError("BAD_REQUEST", "This .otioz file is damaged: ask for it again.", String(cause));
}

/** The file's name, where the entry is a plain file directly in `media/`. */
function mediaName({ fileName, externalFileAttributes }: yauzl.Entry): string | null {
  const name = /^media\/([^/\\:\0]+)$/.exec(fileName)?.[1];
  // Unix file types stand in the upper half: a link is none of ours.
  const type = (externalFileAttributes >>> 28) & 0xf;
  const isPlain = type === 0 || type === 8;
  return name === undefined || name === "." || name === ".." || !isPlain ? null : name;
}

const entriesOf = (zip: yauzl.ZipFile): Promise<yauzl.Entry[]> =>
  new Promise((done, fail) => {
    const all: yauzl.Entry[] = [];
    zip.on("entry", (entry: yauzl.Entry) => {
      all.push(entry);
      if (all.length > MAX_ENTRIES) done(all);
      else zip.readEntry();
    });
    zip.on("end", () => done(all));
    zip.on("error", fail);
    zip.readEntry();
  });

const open = (zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<NodeJS.ReadableStream> =>
  new Promise((done, fail) => zip.openReadStream(entry, (error, stream) => (error ? fail(error) : done(stream))));

async function textOf(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await open(zip, entry)) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString("utf8");
}
