import { StudioError } from "../../core/contract/index.ts";
import type { Studio } from "../studio/studio.ts";
import { securityHeaders } from "./headers.ts";
import { byteRange } from "./range.ts";
import { findStatic } from "./static-file.ts";

/** What a shell needs of the studio: every shell passes requests and events through and streams two kinds of bytes. */
export type ShellStudio = Pick<Studio, "handle" | "subscribe" | "clipFile" | "preview" | "close">;

/** Something to read: a file of the renderer, a clip, or a latent preview. */
export type ContentRequest =
  | { readonly kind: "static"; readonly path: string }
  | { readonly kind: "media"; readonly clipId: string }
  | { readonly kind: "preview"; readonly jobId: string; readonly step: number };

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
  if (/^\/(media|preview|api|events)(\/|$)/.test(path)) return null;
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

/** Answers a content request; never rejects. `rangeHeader` is honoured for clips only. */
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
      return answerClip(clip.path, clip.size, rangeHeader);
    }
    return answerPreview(await studio.preview(request.jobId, request.step));
  } catch (cause) {
    const error = StudioError.from(cause);
    return refusal(error.code === "NOT_FOUND" ? 404 : 500, error.message);
  }
}

function answerPreview(rgba: Uint8Array): ContentAnswer {
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

function answerClip(file: string, size: number, rangeHeader: string | null): ContentAnswer {
  const headers = {
    ...securityHeaders,
    "Content-Type": "video/mp4",
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-store",
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
