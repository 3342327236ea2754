import { type ErrorCode, type SoundRange, StudioError } from "../../core/contract/index.ts";
import type { MediaPart, Studio } from "../studio/studio.ts";
import { securityHeaders } from "./headers.ts";
import { byteRange } from "./range.ts";
import { findStatic } from "./static-file.ts";

/** What a shell needs of the studio: every shell passes requests and events through and streams several kinds of bytes. */
export type ShellStudio = Pick<
  Studio,
  | "handle"
  | "subscribe"
  | "clipFile"
  | "preview"
  | "keyframe"
  | "pictureFile"
  | "soundFile"
  | "mediaFile"
  | "maskFile"
  | "importMedia"
  | "uploadMedia"
  | "openTimeline"
  | "uploadTimeline"
  | "close"
>;

/** Something to read: a file of the renderer, a clip, a picture or a stretch of sound, or pixels of a job. */
export type ContentRequest =
  | { readonly kind: "static"; readonly path: string }
  | { readonly kind: "media"; readonly clipId: string }
  | { readonly kind: "preview"; readonly jobId: string; readonly step: number }
  | { readonly kind: "keyframe"; readonly jobId: string; readonly place: number }
  | { readonly kind: "picture"; readonly mediaId: string }
  | { readonly kind: "sound"; readonly mediaId: string; readonly range: SoundRange }
  | { readonly kind: "source"; readonly mediaId: string; readonly version: string; readonly part: MediaPart }
  | { readonly kind: "masks"; readonly mediaId: string; readonly key: string };

export interface ContentAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes in memory, a part of a file (ends inclusive), or nothing. */
  readonly body: Uint8Array | { readonly file: string; readonly start: number; readonly end: number } | null;
}

/** Reads a content URL's path; null when it is none. Ids are opaque words, so nothing of them can name a path. */
export function contentRequest(path: string): ContentRequest | null {
  const media = /^\/media\/([A-Za-z0-9_-]{1,64})$/.exec(path);
  if (media?.[1]) return { kind: "media", clipId: media[1] };
  const preview = /^\/preview\/([A-Za-z0-9_-]{1,64})\/(\d{1,4})$/.exec(path);
  if (preview?.[1]) return { kind: "preview", jobId: preview[1], step: Number(preview[2]) };
  const keyframe = /^\/keyframe\/([A-Za-z0-9_-]{1,64})\/(\d{1,4})\/\d{1,6}$/.exec(path);
  if (keyframe?.[1]) return { kind: "keyframe", jobId: keyframe[1], place: Number(keyframe[2]) };
  const picture = /^\/picture\/([A-Za-z0-9_-]{1,64})\/[0-9a-z]{1,64}$/.exec(path);
  if (picture?.[1]) return { kind: "picture", mediaId: picture[1] };
  const sound = /^\/sound\/([A-Za-z0-9_-]{1,64})\/[0-9a-z]{1,64}\/(\d{1,8})\/(\d{1,5})$/.exec(path);
  if (sound?.[1])
    return { kind: "sound", mediaId: sound[1], range: { from: Number(sound[2]), frames: Number(sound[3]) } };
  const source = /^\/source\/([A-Za-z0-9_-]{1,64})\/([0-9a-z]{1,64})\/(original|proxy|poster|strip|peaks)$/.exec(path);
  if (source?.[1] && source[2])
    return { kind: "source", mediaId: source[1], version: source[2], part: source[3] as MediaPart };
  const masks = /^\/masks\/([A-Za-z0-9_-]{1,64})\/([0-9a-z-]{1,120})$/.exec(path);
  if (masks?.[1] && masks[2]) return { kind: "masks", mediaId: masks[1], key: masks[2] };
  if (/^\/(source|masks|media|preview|keyframe|picture|sound|upload|api|events)(\/|$)/.test(path)) return null;
  return { kind: "static", path };
}

/** A short refusal in plain text, with the same headers as everything else. */
export function refusal(status: number, sentence: string): ContentAnswer {
  return {
    status,
    headers: { ...securityHeaders, "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" },
    body: new TextEncoder().encode(`${sentence}\n`),
  };
}

/** Answers a content request; never rejects. `rangeHeader` is honoured for everything that is a file. */
export async function answerContent(
  studio: ShellStudio,
  rendererFolder: string,
  request: ContentRequest,
  rangeHeader: string | null,
): Promise<ContentAnswer> {
  try {
    if (request.kind === "static") return await answerStatic(rendererFolder, request.path);
    if (request.kind === "media") {
      const clip = await studio.clipFile(request.clipId);
      return answerFile(clip.path, clip.size, "video/mp4", rangeHeader);
    }
    if (request.kind === "picture") {
      const picture = await studio.pictureFile(request.mediaId);
      return answerFile(picture.path, picture.size, "image/png", rangeHeader);
    }
    if (request.kind === "sound") {
      const sound = await studio.soundFile(request.mediaId, request.range);
      return answerFile(sound.path, sound.size, "audio/wav", rangeHeader);
    }
    if (request.kind === "source") {
      const file = await studio.mediaFile(request.mediaId, request.version, request.part);
      return answerFile(file.path, file.size, file.type, rangeHeader, file.immutable);
    }
    if (request.kind === "masks") {
      const file = await studio.maskFile(request.mediaId, request.key);
      return answerFile(file.path, file.size, "application/octet-stream", rangeHeader, true);
    }
    if (request.kind === "keyframe") return answerPixels(await studio.keyframe(request.jobId, request.place));
    return answerPixels(await studio.preview(request.jobId, request.step));
  } catch (cause) {
    const error = StudioError.from(cause);
    return refusal(statusOf(error.code), error.message);
  }
}

function statusOf(code: ErrorCode): number {
  if (code === "NOT_FOUND" || code === "MEDIA_MISSING") return 404;
  return code === "BAD_REQUEST" || code === "MEDIA_UNREADABLE" ? 422 : 500;
}

function answerPixels(rgba: Uint8Array): ContentAnswer {
  return {
    status: 200,
    headers: {
      ...securityHeaders,
      "Content-Type": "application/octet-stream",
      "Content-Length": String(rgba.byteLength),
      "Cache-Control": "no-store",
    },
    body: rgba,
  };
}

async function answerStatic(folder: string, path: string): Promise<ContentAnswer> {
  const file = await findStatic(folder, path);
  if (!file) return refusal(404, "There is nothing here.");
  return {
    status: 200,
    headers: {
      ...securityHeaders,
      "Content-Type": file.type,
      "Content-Length": String(file.size),
      "Cache-Control": file.immutable ? "public, max-age=31536000, immutable" : "no-store",
    },
    body: { file: file.path, start: 0, end: file.size - 1 },
  };
}

function answerFile(
  file: string,
  size: number,
  type: string,
  rangeHeader: string | null,
  immutable = false,
): ContentAnswer {
  const headers = {
    ...securityHeaders,
    "Content-Type": type,
    "Accept-Ranges": "bytes",
    "Cache-Control": immutable ? "private, max-age=31536000, immutable" : "private, no-store",
  };
  const range = byteRange(rangeHeader, size);
  if (range.status === 416) {
    return {
      status: 416,
      headers: { ...headers, "Content-Range": `bytes */${size}`, "Content-Length": "0" },
      body: null,
    };
  }
  return {
    status: range.status,
    headers: {
      ...headers,
      "Content-Length": String(range.end - range.start + 1),
      ...(range.status === 206 ? { "Content-Range": `bytes ${range.start}-${range.end}/${size}` } : {}),
    },
    body: size === 0 ? null : { file, start: range.start, end: range.end },
  };
}
