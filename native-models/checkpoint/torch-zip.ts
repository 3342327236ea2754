/**
 * Reader of PyTorch's zip format (torch.save since 1.6): `<name>/data.pkl` describes, `<name>/data/<key>` are raw storages.
 * The pickle is interpreted as data only; of the storages only the bytes of the asked tensor are read.
 */
import { promisify } from "node:util";
import { inflateRaw } from "node:zlib";
import { type Entry, fromRandomAccessReaderPromise, type ZipFile } from "yauzl";
import { StudioError } from "../../core/contract/errors.ts";
import type { TensorInfo, TensorSource } from "../types.ts";
import { answered, BoundedFile, unreadable } from "./bounded-file.ts";
import { toFloat32 } from "./dtype.ts";
import { readPickle } from "./pickle.ts";
import { GlobalName, type StorageReference } from "./pickle-values.ts";
import { checkedView, gather, type TensorView } from "./tensor-view.ts";
import { nameTensors } from "./torch-tree.ts";
import { ZipReader } from "./zip-reader.ts";

const inflate = promisify(inflateRaw);

const MOST_ENTRIES = 200_000;
/** The official whole-module pickles take less than 1 MB. */
const LARGEST_PICKLE = 64 * 2 ** 20;
/** Deflate cannot expand more than this; a claim beyond it is a lie. */
const LARGEST_DEFLATE_RATIO = 1032;
/** Deflated entries are unfolded whole; PyTorch stores its entries as they are. */
const LARGEST_DEFLATED = 2 ** 30;
const STORED = 0;
const DEFLATED = 8;

/** The zip directory: entries by name, and reading of whole or partial entries. */
class Archive {
  readonly file: BoundedFile;
  readonly #zip: ZipFile;
  readonly #reader: ZipReader;
  readonly #entries: ReadonlyMap<string, Entry>;
  /** The last inflated entry: tensors that share a deflated storage come one after another. */
  #inflated: { name: string; bytes: Uint8Array } | undefined;

  private constructor(file: BoundedFile, reader: ZipReader, zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.file = file;
    this.#reader = reader;
    this.#zip = zip;
    this.#entries = entries;
  }

  static async open(path: string): Promise<Archive> {
    const file = await BoundedFile.open(path);
    let zip: ZipFile | undefined;
    try {
      const reader = new ZipReader(file);
      const opening = fromRandomAccessReaderPromise(reader, file.size, { autoClose: false, lazyEntries: true });
      zip = await answered(Promise.race([opening, reader.failure]), file.name);
      const entries = await Promise.race([directory(zip, file.name), reader.failure]);
      return new Archive(file, reader, zip, entries);
    } catch (cause) {
      zip?.close();
      await file.close();
      if (cause instanceof StudioError) throw cause;
      throw unreadable(
        `The file ${file.name} is an incomplete or damaged PyTorch file: download it again.`,
        String(cause),
        cause,
      );
    }
  }

  get names(): Iterable<string> {
    return this.#entries.keys();
  }

  /** Size of an entry's content, or undefined when there is no such entry. Refuses claims that cannot be true. */
  size(name: string): number | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    const { compressedSize, uncompressedSize, compressionMethod } = entry;
    const isPossible =
      compressionMethod === STORED
        ? compressedSize === uncompressedSize
        : compressionMethod === DEFLATED && uncompressedSize <= compressedSize * LARGEST_DEFLATE_RATIO;
    if (!isPossible || entry.isEncrypted() || compressedSize > this.file.size)
      throw unreadable(
        `The entry ${name} in ${this.file.name} is packed in a way that PyTorch does not use: download the file again.`,
        `method ${compressionMethod}, ${compressedSize} bytes for ${uncompressedSize}`,
      );
    if (compressionMethod === DEFLATED && uncompressedSize > LARGEST_DEFLATED)
      throw unreadable(
        `The file ${this.file.name} was compressed: unpack it and pack it again without compression, or download it again.`,
        `${name}, ${uncompressedSize} bytes`,
      );
    return uncompressedSize;
  }

  /** `length` bytes of an entry from `offset`; stored entries are read in place. `what` names the bytes in errors. */
  async read(name: string, offset: number, length: number, what: string): Promise<Uint8Array> {
    const entry = this.#entries.get(name);
    if (entry === undefined || offset + length > (this.size(name) ?? 0)) throw this.file.truncated(what);
    if (length === 0) return new Uint8Array(0);
    const start = await this.#dataStart(entry);
    if (entry.compressionMethod === STORED) return await this.file.read(start + offset, length, what);
    if (this.#inflated?.name !== name) this.#inflated = { name, bytes: await this.#inflate(entry, start, what) };
    return this.#inflated.bytes.slice(offset, offset + length);
  }

  async #dataStart(entry: Entry): Promise<number> {
    try {
      const header = this.#zip.readLocalFileHeaderPromise(entry, { minimal: true });
      return (await answered(Promise.race([header, this.#reader.failure]), this.file.name)).fileDataStart;
    } catch (cause) {
      if (cause instanceof StudioError) throw cause;
      throw unreadable(
        `The file ${this.file.name} is an incomplete or damaged PyTorch file: download it again.`,
        String(cause),
        cause,
      );
    }
  }

  async #inflate(entry: Entry, start: number, what: string): Promise<Uint8Array> {
    const packed = await this.file.read(start, entry.compressedSize, what);
    let bytes: Uint8Array;
    try {
      bytes = await inflate(packed, { maxOutputLength: Math.max(1, entry.uncompressedSize) });
    } catch (cause) {
      throw unreadable(
        `The bytes of ${what} in ${this.file.name} are damaged: download the file again.`,
        String(cause),
        cause,
      );
    }
    if (bytes.byteLength !== entry.uncompressedSize) throw this.file.truncated(what);
    return bytes;
  }

  async close(): Promise<void> {
    this.#zip.close();
    await this.file.close();
  }
}

/** Entries by name. Errors: when there are too many, or two of one name. */
async function directory(zip: ZipFile, file: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  if (zip.entryCount > MOST_ENTRIES) throw new Error(`${zip.entryCount} entries`);
  const all = zip.eachEntry();
  for (;;) {
    const { done, value: entry } = await answered(all.next(), file);
    if (done === true) return entries;
    if (entries.has(entry.fileName)) throw new Error(`two entries named ${entry.fileName}`);
    entries.set(entry.fileName, entry);
    if (entries.size > MOST_ENTRIES) throw new Error("too many entries");
  }
}

/** The folder inside the archive that holds `data.pkl`, with its slash; errors say what else the archive may be. */
function rootFolder(archive: Archive): string {
  const names = [...archive.names];
  const pickle = names.find((name) => /^(?:[^/]+\/)?data\.pkl$/u.test(name));
  const { name } = archive.file;
  if (pickle === undefined)
    throw unreadable(
      `The file ${name} is a zip archive but not a PyTorch checkpoint: choose the .pt or .ckpt file itself.`,
    );
  const root = pickle.slice(0, -"data.pkl".length);
  if (names.includes(`${root}constants.pkl`))
    throw unreadable(
      `The file ${name} is a TorchScript program, not a checkpoint: choose the file with the model's weights.`,
    );
  return root;
}

async function checkByteOrder(archive: Archive, root: string): Promise<void> {
  const entry = `${root}byteorder`;
  const size = archive.size(entry);
  if (size === undefined) return;
  const order = new TextDecoder().decode(await archive.read(entry, 0, Math.min(size, 32), "its byte order")).trim();
  if (order !== "little")
    throw unreadable(
      `The file ${archive.file.name} was written on a big-endian computer, which is not supported: save it again on an ordinary one.`,
      `byteorder ${order}`,
    );
}

/** PyTorch's persistent ids: ("storage", class, key, location, size). The location (cuda:0 …) does not matter here. */
function storageOf(id: unknown, fileName: string): StorageReference {
  if (Array.isArray(id) && id[0] === "storage") {
    const [, type, key, , size] = id as unknown[];
    const isWhole = typeof size === "number" && Number.isSafeInteger(size) && size >= 0;
    if (type instanceof GlobalName && (typeof key === "string" || typeof key === "number") && isWhole)
      return { key: String(key), type: type.name, size };
  }
  throw unreadable(`The file ${fileName} refers to tensors in a way that PyTorch does not: download it again.`);
}

/**
 * Opens a PyTorch zip file: the directory and the pickle are read, no storage is.
 * Errors: CHECKPOINT_UNREADABLE, naming the tensor where one is at fault.
 */
export async function openTorchZip(path: string): Promise<TensorSource> {
  const archive = await Archive.open(path);
  try {
    const fileName = archive.file.name;
    const root = rootFolder(archive);
    await checkByteOrder(archive, root);
    const pickleSize = archive.size(`${root}data.pkl`) ?? 0;
    if (pickleSize > LARGEST_PICKLE)
      throw unreadable(
        `The description of the tensors in ${fileName} is far too large: this is not a model's checkpoint.`,
        `${pickleSize} bytes`,
      );
    const pickle = await archive.read(`${root}data.pkl`, 0, pickleSize, "the description of its tensors");
    const value = readPickle(pickle, (id) => storageOf(id, fileName), fileName);
    const { tensors: records, metadata } = nameTensors(value, fileName);
    const views = new Map<string, TensorView>();
    const infos = new Map<string, TensorInfo>();
    for (const [name, record] of records) {
      const storage = archive.size(`${root}data/${record.storage.key}`);
      if (storage === undefined) throw archive.file.truncated(`the tensor ${name}`);
      const view = checkedView(record, name, storage, fileName);
      views.set(name, view);
      infos.set(name, { name, dtype: view.dtype, shape: view.shape });
    }
    return new TorchZipSource(archive, root, views, infos, metadata);
  } catch (error) {
    await archive.close();
    throw error;
  }
}

class TorchZipSource implements TensorSource {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly #archive: Archive;
  readonly #root: string;
  readonly #views: ReadonlyMap<string, TensorView>;

  constructor(
    archive: Archive,
    root: string,
    views: ReadonlyMap<string, TensorView>,
    infos: ReadonlyMap<string, TensorInfo>,
    metadata: Record<string, unknown>,
  ) {
    this.#archive = archive;
    this.#root = root;
    this.#views = views;
    this.tensors = infos;
    this.metadata = metadata;
  }

  async read(name: string): Promise<Uint8Array> {
    const view = this.#find(name);
    if (view.count === 0) return new Uint8Array(0);
    const entry = `${this.#root}data/${view.storage}`;
    return gather(view, await this.#archive.read(entry, view.offset, view.span, `the tensor ${name}`));
  }

  async readFloat32(name: string): Promise<Float32Array> {
    return toFloat32(await this.read(name), this.#find(name).dtype, name);
  }

  #find(name: string): TensorView {
    const view = this.#views.get(name);
    if (view === undefined) throw unreadable(`The file ${this.#archive.file.name} holds no tensor named ${name}.`);
    return view;
  }

  async close(): Promise<void> {
    await this.#archive.close();
  }
}
