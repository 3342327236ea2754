import { randomBytes, timingSafeEqual } from "node:crypto";
import { createReadStream } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { type ImportPurpose, type Reply, StudioError } from "../../core/contract/index.ts";
import { answerContent, type ContentAnswer, refusal, type ShellStudio } from "../shell-common/content.ts";
import { securityHeaders } from "../shell-common/headers.ts";
import { decide } from "./decide.ts";
import { streamEvents } from "./events.ts";

/** Far above any request of the contract, so that an over-long prompt gets the contract's own sentence and not a bare 413. */
export const MAX_BODY_BYTES = 1 << 20;

/**
 * How long a request may stand still. There is no limit on its whole length: a checkpoint of 15 GB takes as long as the disk does.
 */
const IDLE_MS = 120_000;

export interface ShellServer {
  /** Address with the one-time launch token; the first visitor gets the session. */
  readonly launchUrl: string;
  readonly port: number;
  /** Ends every connection, event streams included. */
  close(): Promise<void>;
}

const same = (given: string, expected: string) => {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
};
const secret = () => randomBytes(32).toString("base64url");

/**
 * The studio behind a loopback server, for one window on this machine. `port` 0 takes any free port; a wanted port that is taken
 * falls back to any. Only the process that knows the launch token gets in, and only pages of this very server may call it.
 */
export async function startServer(studio: ShellStudio, rendererFolder: string, port: number): Promise<ShellServer> {
  const session = secret();
  let token: string | null = secret();
  let authority = "";
  let cookie = "";

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const header = (name: string) => {
      const value = request.headers[name];
      return typeof value === "string" ? value : null;
    };
    const decision = decide(
      {
        method: request.method ?? "",
        target: request.url ?? "",
        host: header("host"),
        origin: header("origin"),
        fetchSite: header("sec-fetch-site"),
        contentType: header("content-type"),
        contentLength: header("content-length"),
        hasSession: same(cookieValue(header("cookie"), cookie) ?? "", session),
      },
      { authority, maxBodyBytes: MAX_BODY_BYTES, tokenIsGood: (given) => token !== null && same(given, token) },
    );
    switch (decision.do) {
      case "refuse":
        // An unread body would be taken for the next request on this connection.
        response.setHeader("Connection", "close");
        return send(request, response, refusal(decision.status, decision.sentence));
      case "launch":
        token = null;
        response.setHeader("Set-Cookie", `${cookie}=${session}; Path=/; HttpOnly; SameSite=Strict`);
        return goHome(response);
      case "home":
        return goHome(response);
      case "call":
        return sendReply(response, await call(studio, decision.method, request));
      case "upload":
        return sendReply(response, await upload(studio, decision.name, decision.purpose, request));
      case "events":
        return streamEvents(studio, response);
      case "content":
        return send(request, response, await answerContent(studio, rendererFolder, decision.request, header("range")));
    }
  }

  const server = createServer({ maxHeaderSize: 16_384, requestTimeout: 0 }, (request, response) => {
    // Of a request only: an event stream may be silent for hours.
    request.setTimeout(IDLE_MS, () => !request.complete && request.destroy());
    respond(request, response).catch(() => response.destroy());
  });
  await listen(server, port).catch((cause: unknown) => {
    if (port === 0) throw cause;
    return listen(server, 0);
  });
  const actual = (server.address() as AddressInfo).port;
  authority = `127.0.0.1:${actual}`;
  // Cookies do not know ports: two studios on one machine need two names.
  cookie = `plume-${actual}`;
  return {
    launchUrl: `http://${authority}/?token=${token}`,
    port: actual,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** The value of one cookie in a Cookie header, or null. */
export function cookieValue(header: string | null, name: string): string | null {
  for (const part of (header ?? "").split(";")) {
    const at = part.indexOf("=");
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return null;
}

function goHome(response: ServerResponse): void {
  response.writeHead(303, { ...securityHeaders, Location: "/", "Cache-Control": "no-store" }).end();
}

async function call(studio: ShellStudio, method: string, request: IncomingMessage): Promise<Reply> {
  let input: unknown;
  try {
    input = JSON.parse(await readBody(request));
  } catch (cause) {
    const error =
      cause instanceof StudioError ? cause : new StudioError("BAD_REQUEST", "The request is not valid JSON.");
    return { ok: false, error: error.toData() };
  }
  return studio.handle(method, input);
}

async function upload(
  studio: ShellStudio,
  name: string,
  purpose: ImportPurpose,
  request: IncomingMessage,
): Promise<Reply> {
  try {
    const value =
      purpose.opens === undefined
        ? await studio.uploadMedia(name, request, purpose, sizeOf(request))
        : await studio.uploadTimeline(name, request);
    return { ok: true, value };
  } catch (cause) {
    return { ok: false, error: StudioError.from(cause).toData() };
  }
}

/** What a request says of its body's size; null: nothing. */
function sizeOf({ headers }: IncomingMessage): number | null {
  const size = Number(headers["content-length"] ?? Number.NaN);
  return Number.isSafeInteger(size) ? size : null;
}

/** Reads a body as text. Errors: BAD_REQUEST when it grows over the cap, whatever Content-Length said. */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new StudioError("BAD_REQUEST", "The request is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function sendReply(response: ServerResponse, reply: Reply): void {
  const body = JSON.stringify(reply);
  response
    .writeHead(200, {
      ...securityHeaders,
      "Content-Type": "application/json; charset=utf-8",
      "Content-Length": Buffer.byteLength(body),
      "Cache-Control": "no-store",
    })
    .end(body);
}

async function send(request: IncomingMessage, response: ServerResponse, answer: ContentAnswer): Promise<void> {
  response.writeHead(answer.status, answer.headers);
  if (request.method === "HEAD" || answer.body === null) {
    response.end();
  } else if (answer.body instanceof Uint8Array) {
    response.end(answer.body);
  } else {
    // The window leaves off reading whenever it seeks: that is no error of ours.
    const { file, start, end } = answer.body;
    await pipeline(createReadStream(file, { start, end }), response).catch(() => response.destroy());
  }
}
