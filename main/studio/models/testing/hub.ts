/**
 * Test help: a hub on this machine that speaks the real one's addresses (`/{repository}/resolve/{revision}/{file}`, a redirect to
 * another host with a signed address, X-Linked-Size and X-Linked-ETag) and misbehaves as told.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What goes wrong with a request. Each is asked before the request is answered; what it returns is done. */
export type Fault =
  /** The connection is cut after so many bytes of the body. */
  | { readonly type: "drop"; readonly after: number }
  /** Bytes are sent that are not the file's. */
  | { readonly type: "corrupt" }
  /** Content-Range and Content-Length tell of more than there is. */
  | { readonly type: "lie"; readonly by: number }
  /** The whole file, whatever was asked for. */
  | { readonly type: "ignore-range" }
  /** Another part of the file than was asked for. */
  | { readonly type: "wrong-range" }
  | { readonly type: "status"; readonly status: number; readonly retryAfter?: string }
  /** So many bytes, then nothing more, the connection stays. */
  | { readonly type: "stall"; readonly after: number }
  /** Chunks of so many bytes with a pause after each. */
  | { readonly type: "drip"; readonly bytes: number; readonly ms: number };

export interface HubFile {
  content: Uint8Array;
  /** Absent: its sha256. */
  etag?: string;
}

export interface Asked {
  readonly host: "hub" | "cdn";
  readonly path: string;
  readonly range: string | null;
  readonly ifRange: string | null;
  readonly authorization: string | null;
}

export class TestHub {
  /** By `repository/file`. */
  readonly files = new Map<string, HubFile>();
  /** Everything that was asked for, in order. */
  readonly asked: Asked[] = [];
  /** Decides what goes wrong; `n` counts the requests of the content host (or the hub's, for `hub`) from 0. */
  fault: (asked: Asked, n: number) => Fault | null = () => null;
  /** The token without which the hub gives nothing out; null: it gives to all. */
  token: string | null = null;
  /** False: the hub sends content itself, without its headers about linked files, as a plain mirror does. */
  isLinked = true;
  private readonly counts = { hub: 0, cdn: 0 };
  private readonly servers: Server[] = [];
  private address = "";
  private cdn = "";

  static async start(): Promise<TestHub> {
    const hub = new TestHub();
    // Two origins on one machine: the token must not go from the one to the other.
    hub.address = await hub.listen("hub", (request, response) => hub.answerHub(request, response));
    hub.cdn = await hub.listen("cdn", (request, response) => hub.answerContent(request, response));
    return hub;
  }

  get url(): string {
    return this.address;
  }

  put(repository: string, path: string, content: Uint8Array): string {
    this.files.set(`${repository}/${path}`, { content });
    return sha256(content);
  }

  resolve(repository: string, path: string, revision = "main"): string {
    return `${this.address}/${repository}/resolve/${revision}/${path}`;
  }

  /** Requests for content. */
  get fetched(): Asked[] {
    return this.asked.filter(({ host }) => host === (this.isLinked ? "cdn" : "hub"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  }

  private async listen(name: string, answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>) {
    const server = createServer((request, response) => {
      answer(request, response).catch(() => response.destroy());
    });
    this.servers.push(server);
    const host = name === "hub" ? "127.0.0.1" : "localhost";
    await new Promise<void>((done) => server.listen(0, host, done));
    return `http://${host}:${(server.address() as AddressInfo).port}`;
  }

  private note(host: Asked["host"], request: IncomingMessage): Asked {
    const header = (name: string) => request.headers[name]?.toString() ?? null;
    const asked = {
      host,
      path: request.url ?? "/",
      range: header("range"),
      ifRange: header("if-range"),
      authorization: header("authorization"),
    };
    this.asked.push(asked);
    return asked;
  }

  private async answerHub(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = this.note("hub", request);
    const fault = this.fault(asked, this.counts.hub++);
    if (fault?.type === "status") return refuse(response, fault.status, fault.retryAfter);
    if (this.token !== null && asked.authorization !== `Bearer ${this.token}`)
      return refuse(response, asked.authorization === null ? 401 : 403);
    const match = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(decodeURIComponent(asked.path));
    const key = match === null ? "" : `${match[1]}/${match[3]}`;
    const file = this.files.get(key);
    if (file === undefined) return refuse(response, 404);
    if (!this.isLinked) return this.send(file, request, response, fault);
    response.writeHead(302, {
      location: `${this.cdn}/${encodeURIComponent(key)}?signature=${this.counts.hub}`,
      "x-linked-size": String(file.content.byteLength),
      "x-linked-etag": `"${file.etag ?? sha256(file.content)}"`,
      "x-repo-commit": "0123456789abcdef0123456789abcdef01234567",
      "content-length": "0",
    });
    response.end();
  }

  private async answerContent(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = this.note("cdn", request);
    const fault = this.fault(asked, this.counts.cdn++);
    const url = new URL(asked.path, this.cdn);
    if (fault?.type === "status") return refuse(response, fault.status, fault.retryAfter);
    if (!url.searchParams.has("signature")) return refuse(response, 403);
    const file = this.files.get(decodeURIComponent(url.pathname.slice(1)));
    if (file === undefined) return refuse(response, 404);
    return this.send(file, request, response, fault);
  }

  private async send(
    { content, etag }: HubFile,
    request: IncomingMessage,
    response: ServerResponse,
    fault: Fault | null,
  ): Promise<void> {
    const tag = `"${etag ?? sha256(content)}"`;
    const size = content.byteLength + (fault?.type === "lie" ? fault.by : 0);
    const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const wants = match !== null && fault?.type !== "ignore-range";
    const isSame = request.headers["if-range"] === undefined || request.headers["if-range"] === tag;
    const headers = { etag: tag, "accept-ranges": "bytes", "content-type": "application/octet-stream" };
    let [from, to] = [0, size];
    if (wants && isSame) {
      from = Number(match[1]);
      to = match[2] === "" ? size : Math.min(size, Number(match[2]) + 1);
      if (from >= size) return refuse(response, 416);
      if (fault?.type === "wrong-range") [from, to] = [Math.max(0, from - 7), to - 7];
      response.writeHead(206, {
        ...headers,
        "content-range": `bytes ${from}-${to - 1}/${size}`,
        "content-length": String(to - from),
      });
    } else response.writeHead(200, { ...headers, "content-length": String(size) });
    const body = Buffer.from(content.subarray(from, to));
    if (fault?.type === "corrupt" && body.length > 0) body[body.length >> 1]! ^= 0xff;
    if (fault?.type === "drip") {
      for (let at = 0; at < body.length && !response.destroyed; at += fault.bytes) {
        response.write(body.subarray(at, at + fault.bytes));
        await sleep(fault.ms);
      }
      response.end();
    } else if (fault?.type === "drop" || fault?.type === "stall") {
      await new Promise((done) => response.write(body.subarray(0, fault.after), done));
      if (fault.type === "drop") response.socket?.destroy();
    } else response.end(body);
  }
}

export const sha256 = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

function refuse(response: ServerResponse, status: number, retryAfter?: string): void {
  response.writeHead(status, retryAfter === undefined ? {} : { "retry-after": retryAfter });
  response.end("no");
}

/** Bytes without a pattern that repeats, the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 0xff;
  }
  return bytes;
}
