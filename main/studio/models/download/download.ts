/**
 * Fetches one file: several connections, each a piece at a time; resumed where it was after any break, of the network or of this
 * program; compared with the checksum that its makers or the hub state. What has arrived is kept whatever happens.
 */
import { StudioError } from "../../../../core/contract/index.ts";
import { type BackOff, patient, persist } from "./back-off.ts";
import { refusal, sizeDiffers, unreachable, wrongBytes } from "./failures.ts";
import { bestVersion, PartFile, type Version } from "./part-file.ts";
import { cut, type Range } from "./ranges.ts";
import { type Answer, causeOf, InterruptedError, RefusedError, type Wire } from "./wire.ts";

export interface DownloadTask {
  readonly url: string;
  /** Sent to the URL's own host only. */
  readonly token: string | null;
  /** Where it is put when it is complete and right. */
  readonly path: string;
  /** Folder for what has arrived meanwhile, of this file alone. */
  readonly parts: string;
  /** Bytes, where they are known for certain. */
  readonly size: number | null;
  /** Hex, where it is known. Null: what the hub states is compared with. */
  readonly sha256: string | null;
}

export interface DownloadOptions {
  readonly wire: Wire;
  readonly signal: AbortSignal;
  readonly connections: number;
  /** Most bytes asked for at a time. */
  readonly pieceBytes?: number;
  readonly backOff?: BackOff;
  /** Told after each chunk. `total` is known from the first answer on. */
  readonly onProgress?: (received: number, total: number) => void;
  /** Told as soon as the size is known, before bytes are written. Errors: what it throws ends the download. */
  readonly onVersion?: (version: Version, received: number) => Promise<void>;
  readonly log?: (line: string) => void;
}

export interface Downloaded {
  readonly bytes: number;
  readonly sha256: string;
  readonly commit: string | null;
  /** What the checksum was compared with; null: nobody states one, and only the length is known to be right. */
  readonly checkedAgainst: "catalogue" | "hub" | null;
}

const PIECE_BYTES = 64 * 2 ** 20;
/** A file that changes more often than this while it is fetched is left alone. */
const MOST_CHANGES = 2;

/** The file behind the address is another one than that which was begun. */
class ChangedError extends Error {
  override readonly name = "ChangedError";
}

/**
 * Errors: DOWNLOAD_FAILED (the network; what has arrived is kept), DOWNLOAD_REFUSED (the server says no, and why), DOWNLOAD_WRONG (the
 * bytes are not those that its makers state), FORBIDDEN, DISK_FULL, CANCELLED.
 */
export async function download(task: DownloadTask, options: DownloadOptions): Promise<Downloaded> {
  const wrong = { bytes: 0 };
  for (let changes = 0; ; ) {
    try {
      return await fetchVersion(task, options);
    } catch (cause) {
      if (options.signal.aborted) throw new StudioError("CANCELLED", "Stopped; what has arrived is kept.");
      const { host } = new URL(task.url);
      if (cause instanceof RefusedError) throw refusal(cause, task.token !== null);
      if (cause instanceof InterruptedError) throw unreachable(cause, host);
      if (cause instanceof ChangedError) {
        options.log?.(`${task.url}: ${cause.message}`);
        if (++changes <= MOST_CHANGES) continue;
        throw unreachable(cause, host);
      }
      // Once more, in case a line or a proxy spoilt it; twice the same fault is the server's.
      if (cause instanceof StudioError && cause.code === "DOWNLOAD_WRONG" && wrong.bytes++ === 0 && isChecksum(cause))
        continue;
      throw StudioError.from(cause);
    }
  }
}

/** What the server says of a file, without fetching it; null when it cannot be asked. Errors: CANCELLED. */
export async function peek(
  url: string,
  token: string | null,
  { wire, signal }: Pick<DownloadOptions, "wire" | "signal">,
): Promise<Version | null> {
  try {
    const answer = await wire.ask(url, { range: [0, 1], validator: null, token, signal });
    answer.body.destroy();
    return versionOf(answer);
  } catch {
    if (signal.aborted) throw new StudioError("CANCELLED", "Stopped; what has arrived is kept.");
    return null;
  }
}

const CHECKSUM = "checksum";
const isChecksum = ({ detail }: StudioError): boolean => detail?.startsWith(CHECKSUM) === true;

async function fetchVersion(task: DownloadTask, options: DownloadOptions): Promise<Downloaded> {
  const known = await bestVersion(task.parts);
  const abort = new AbortController();
  const signal = AbortSignal.any([options.signal, abort.signal]);
  let first = await begin(task, known, { ...options, signal });
  if (known !== null && first.version.tag !== known.tag) {
    // It became another file: the whole of it came, which says nothing of whether the server can resume.
    first.answer.body.destroy();
    first = await begin(task, null, { ...options, signal });
  }
  const { version } = first;
  const stated = task.sha256 ?? version.sha256;
  let part: PartFile;
  try {
    if (task.size !== null && version.size !== task.size) throw sizeDiffers(version.size, task.size);
    part = await PartFile.open(task.parts, version);
  } catch (error) {
    first.answer.body.destroy();
    throw error;
  }
  try {
    await options.onVersion?.(version, part.received);
    await fetchAll(part, first, task, { ...options, signal }, abort);
    const sha256 = await part.digest();
    if (stated !== null && sha256 !== stated) {
      await part.distrust();
      throw wrongBytes(`${CHECKSUM} ${sha256} instead of ${stated}`);
    }
    await part.publish(task.path);
    const checkedAgainst = stated === null ? null : task.sha256 === null ? "hub" : "catalogue";
    return { bytes: version.size, sha256, commit: version.commit, checkedAgainst };
  } finally {
    abort.abort();
    first.answer.body.destroy();
    await part.close();
  }
}

interface First {
  readonly answer: Answer;
  readonly version: Version;
  /** Where the answer's bytes begin. */
  readonly from: number;
}

/** The first answer, which tells what there is; its body is the first connection's first piece. */
async function begin(task: DownloadTask, known: Version | null, options: DownloadOptions): Promise<First> {
  return await persist(
    async () => {
      // A byte is asked for where one is missing, so that an answer that cannot resume is told from one that can.
      const from = known === null ? 0 : await firstMissing(task, known);
      const answer = await options.wire.ask(task.url, {
        range: [from, null],
        validator: known?.validator ?? null,
        token: task.token,
        signal: options.signal,
      });
      try {
        const version = versionOf(answer);
        return { answer, version, from: answer.status === 206 ? (contentRange(answer)?.from ?? 0) : 0 };
      } catch (error) {
        answer.body.destroy();
        throw error;
      }
    },
    () => false,
    options.backOff ?? patient,
    options.signal,
    (error, ms) => options.log?.(`${error.message}: again in ${Math.round(ms)} ms`),
  ).catch(async (error: unknown) => {
    // 416: the file has become shorter than what we have of it. Without our old version in mind it can be asked for anew.
    if (error instanceof RefusedError && error.status === 416 && known !== null) return begin(task, null, options);
    throw error;
  });
}

async function firstMissing(task: DownloadTask, known: Version): Promise<number> {
  const part = await PartFile.open(task.parts, known);
  const from = part.missing[0]?.[0] ?? Math.max(0, known.size - 1);
  await part.close();
  return from;
}

function contentRange(answer: Answer): { from: number; size: number | null } | null {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.header("content-range") ?? "");
  return match === null ? null : { from: Number(match[1]), size: match[2] === "*" ? null : Number(match[2]) };
}

/** Errors: DOWNLOAD_WRONG when sizes contradict each other, or none is told. */
function versionOf(answer: Answer): Version {
  const sent = answer.status === 206 ? (contentRange(answer)?.size ?? null) : whole(answer.header("content-length"));
  const { linked } = answer;
  if (linked.size !== null && sent !== null && linked.size !== sent) throw sizeDiffers(sent, linked.size);
  const size = linked.size ?? sent;
  if (size === null) throw wrongBytes(`${answer.host} does not say how large the file is`);
  const etag = answer.header("etag");
  const validator = etag !== null && !etag.startsWith("W/") ? etag : answer.header("last-modified");
  const tag = linked.etag ?? etag ?? answer.header("last-modified") ?? `size ${size}`;
  return { tag, validator, size, sha256: checksumIn(linked.etag), commit: linked.commit };
}

/** The hub's own tag of a large file is its sha256. */
function checksumIn(tag: string | null): string | null {
  const hex = tag?.replace(/^W\/|"/gu, "") ?? "";
  return /^[0-9a-f]{64}$/.test(hex) ? hex : null;
}

function whole(text: string | null): number | null {
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : null;
}

async function fetchAll(
  part: PartFile,
  first: First,
  task: DownloadTask,
  options: DownloadOptions,
  abort: AbortController,
): Promise<void> {
  const resumes = first.answer.status === 206;
  const pieces = resumes ? cut(part.missing, options.pieceBytes ?? PIECE_BYTES) : part.missing.slice(0, 1);
  options.onProgress?.(part.received, part.version.size);
  if (pieces.length === 0) return;
  // A server that cannot resume sends everything in one go, over one connection.
  const all: Range = [0, part.version.size];
  let ready: First | null = first;
  const work = async (): Promise<void> => {
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
      const opened = ready;
      ready = null;
      await fetchPiece(resumes ? piece : all, part, opened, task, options);
    }
  };
  const connections = Array.from({ length: resumes ? Math.min(options.connections, pieces.length) : 1 }, () =>
    work().catch((error: unknown) => {
      abort.abort(); // the others need not go on
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(connections);
  // The first to fail made the others stop: its reason is the one that counts.
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  const reason = failures.find((each) => !isAbort(each)) ?? failures[0];
  if (reason !== undefined) throw reason;
}

const isAbort = (error: unknown): boolean =>
  error instanceof Error && (error.name === "AbortError" || error.name === "RequestAbortedError");

/** One piece, however often the connection breaks on the way. */
async function fetchPiece(
  [from, to]: Range,
  part: PartFile,
  opened: First | null,
  task: DownloadTask,
  options: DownloadOptions,
): Promise<void> {
  const piece = { at: from, moved: false };
  let ready = opened;
  const received = (bytes: number) => {
    piece.at += bytes;
    piece.moved = true;
    options.onProgress?.(part.received, part.version.size);
  };
  const work = async () => {
    const { at } = piece;
    const isOpen = ready !== null && ready.from <= at;
    if (!isOpen) ready?.answer.body.destroy();
    const answer = isOpen ? ready!.answer : await askFor([at, to], part.version, task, options);
    const begins = isOpen ? ready!.from : at;
    ready = null;
    // A server that cannot resume begins again at the front; what is there already is let pass.
    await take(answer, answer.status === 206 ? begins : 0, [at, to], part, received, options.signal);
  };
  const hasMoved = () => {
    const { moved } = piece;
    piece.moved = false;
    return moved;
  };
  await persist(work, hasMoved, options.backOff ?? patient, options.signal, (error, ms) =>
    options.log?.(`${error.message}: again in ${Math.round(ms)} ms`),
  );
}

/** Errors: ChangedError when it is another version by now. */
async function askFor(range: Range, version: Version, task: DownloadTask, options: DownloadOptions): Promise<Answer> {
  let answer: Answer;
  try {
    answer = await options.wire.ask(task.url, {
      range,
      validator: version.validator,
      token: task.token,
      signal: options.signal,
    });
  } catch (error) {
    if (error instanceof RefusedError && error.status === 416) throw new ChangedError("the file became shorter");
    throw error;
  }
  try {
    const now = laterVersion(answer);
    if (now.tag !== version.tag || now.size !== version.size) throw new ChangedError("the file changed meanwhile");
    if (answer.status === 206 && contentRange(answer)?.from !== range[0])
      throw new InterruptedError(`${answer.host} sent another part of the file than it was asked for`);
    return answer;
  } catch (error) {
    answer.body.destroy();
    throw error;
  }
}

/** Contradictions in the middle of a download are a change that has not reached all of the hub's hosts yet. Errors: ChangedError. */
function laterVersion(answer: Answer): Version {
  try {
    return versionOf(answer);
  } catch (cause) {
    throw new ChangedError(`the file changed meanwhile: ${StudioError.from(cause).detail}`, { cause });
  }
}

/** Writes what of a body lies in [from, to). Errors: InterruptedError when it ends before that, or breaks. */
async function take(
  answer: Answer,
  start: number,
  [from, to]: Range,
  part: PartFile,
  received: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let position = start;
  let at = from;
  const chunks = answer.body[Symbol.asyncIterator]();
  try {
    while (at < to) {
      const next = await chunks.next().catch((cause: unknown) => {
        if (signal.aborted) throw cause;
        throw new InterruptedError(`${answer.host}: ${causeOf(cause)}`, null, { cause });
      });
      if (next.done === true) throw new InterruptedError(`${answer.host} stopped sending in the middle`);
      const chunk = next.value;
      const [begin, end] = [Math.max(position, at), Math.min(position + chunk.byteLength, to)];
      if (end > begin) {
        await part.write(chunk.subarray(begin - position, end - position), begin);
        at = end;
        received(end - begin);
      }
      position += chunk.byteLength;
    }
  } finally {
    answer.body.destroy();
  }
}
