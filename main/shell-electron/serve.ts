import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import {
  answerContent,
  type ContentAnswer,
  contentRequest,
  refusal,
  type ShellStudio,
} from "../shell-common/content.ts";
import { mayReach } from "../shell-common/decide.ts";
import { ORIGIN } from "./window-options.ts";

/**
 * Answers `app://studio/…`: the renderer's build, clips with byte ranges, previews. The same rules and headers as the loopback
 * server of the browser shell; `net.fetch` of a file is not used because it ignores ranges, which breaks seeking.
 */
export async function serve(studio: ShellStudio, rendererFolder: string, request: Request): Promise<Response> {
  return respond(await answer(studio, rendererFolder, request), request.method === "HEAD");
}

async function answer(studio: ShellStudio, rendererFolder: string, request: Request): Promise<ContentAnswer> {
  if (!mayReach(request.url, "request", ORIGIN)) return refusal(403, "This address is not Plume Studio's own.");
  if (request.method !== "GET" && request.method !== "HEAD") return refusal(405, "This method is not understood.");
  const content = contentRequest(new URL(request.url).pathname);
  if (!content) return refusal(404, "There is nothing here.");
  return answerContent(studio, rendererFolder, content, request.headers.get("range"));
}

function respond({ status, headers, body }: ContentAnswer, isHead: boolean): Response {
  if (isHead || body === null) return new Response(null, { status, headers });
  if (body instanceof Uint8Array) return new Response(new Uint8Array(body), { status, headers });
  const stream = Readable.toWeb(createReadStream(body.file, { start: body.start, end: body.end }));
  return new Response(stream as ReadableStream<Uint8Array>, { status, headers });
}
