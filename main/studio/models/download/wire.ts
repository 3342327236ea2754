/** HTTP as downloads need it: redirects by hand, the token for its own host only, no word about the connection's troubles lost. */
import { Agent, type Dispatcher, EnvHttpProxyAgent, ProxyAgent, request } from "undici";
import { StudioError } from "../../../../core/contract/index.ts";
import { proxyRefusal } from "./proxy-refusal.ts";

export interface WireOptions {
  /** Address of a proxy, `http://user:password@host:port`. Null: the one that HTTPS_PROXY names, unless NO_PROXY excepts the host. */
  readonly proxy: string | null;
  /** Milliseconds without a byte after which a connection counts as stalled. */
  readonly idleMs: number;
}

/** The head of an answer, and its body while it comes. */
export interface Answer {
  readonly status: number;
  header(name: string): string | null;
  /** The hub's words about the file itself, from the first answer on the way; the address that redirects lead to may not know them. */
  readonly linked: { readonly size: number | null; readonly etag: string | null; readonly commit: string | null };
  /** Host that answered in the end. */
  readonly host: string;
  readonly body: AsyncIterable<Uint8Array> & { destroy(): unknown };
}

const MOST_REDIRECTS = 8;
const CONNECT_MS = 20_000;

/** The server said no, and will say no again: trying again is of no use. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly status: number;
  readonly host: string;

  constructor(status: number, host: string) {
    super(`${host} answered ${status}`);
    this.status = status;
    this.host = host;
  }
}

/** Something that may go better a moment later. `waitMs`: what the server asks for. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
  readonly waitMs: number | null;

  constructor(message: string, waitMs: number | null = null, options?: ErrorOptions) {
    super(message, options);
    this.waitMs = waitMs;
  }
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/u;
/** Answers that pass: the server is busy, restarting, or wants to be asked less often. */
const passing = (status: number): boolean => status === 408 || status === 425 || status === 429 || status >= 500;

/** Whether a download may use this address: HTTPS, or this very computer. */
export function isSafeAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname));
}

export class Wire {
  private readonly dispatcher: Dispatcher;

  /** Errors: BAD_REQUEST for a proxy that is none. */
  constructor({ proxy, idleMs }: WireOptions) {
    const options = { bodyTimeout: idleMs, headersTimeout: idleMs, connect: { timeout: CONNECT_MS } };
    if (proxy === null) this.dispatcher = new EnvHttpProxyAgent(options);
    else if (proxy === "") this.dispatcher = new Agent(options);
    else {
      if (!URL.canParse(proxy) || !/^https?:$/.test(new URL(proxy).protocol))
        throw new StudioError("BAD_REQUEST", "A proxy's address looks like http://proxy.example.org:8080.");
      this.dispatcher = new ProxyAgent({ uri: proxy, ...options });
    }
  }

  /**
   * Asks for a file and follows redirects. The token goes to the address's own host and no other.
   * @param range asks for bytes from the first to before the second; `validator` makes the server send the whole of a changed file
   * Errors: RefusedError, InterruptedError; DOWNLOAD_REFUSED by a proxy; FORBIDDEN for an address that is not safe; the signal's reason.
   */
  async ask(
    address: string,
    options: {
      readonly range: readonly [number, number | null];
      readonly validator: string | null;
      readonly token: string | null;
      readonly signal: AbortSignal;
    },
  ): Promise<Answer> {
    let url = new URL(address);
    const { origin } = url;
    let linked: Answer["linked"] = { size: null, etag: null, commit: null };
    const headers: Record<string, string> = { "user-agent": "plume-studio", "accept-encoding": "identity" };
    const [from, to] = options.range;
    headers["range"] = `bytes=${from}-${to === null ? "" : to - 1}`;
    if (options.validator !== null) headers["if-range"] = options.validator;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      if (!isSafeAddress(url.href))
        throw new StudioError(
          "FORBIDDEN",
          `Downloads come over HTTPS only, and ${url.host} wants to send without: choose another mirror.`,
        );
      const own = url.origin === origin && options.token !== null ? { authorization: `Bearer ${options.token}` } : {};
      const answer = await this.send(url, { ...headers, ...own }, options.signal);
      const header = (name: string) => one(answer.headers[name]);
      // Whoever reads the body hears of its errors; one that is let go in the middle has nobody to hear them.
      answer.body.on("error", () => {});
      linked = {
        size: linked.size ?? whole(header("x-linked-size")),
        etag: linked.etag ?? header("x-linked-etag"),
        commit: linked.commit ?? header("x-repo-commit"),
      };
      const location = header("location");
      if (answer.statusCode >= 300 && answer.statusCode < 400 && location !== null) {
        await answer.body.dump();
        url = new URL(location, url);
        continue;
      }
      if (answer.statusCode !== 200 && answer.statusCode !== 206) {
        await answer.body.dump().catch(() => undefined);
        if (passing(answer.statusCode))
          throw new InterruptedError(`${url.host} answered ${answer.statusCode}`, retryAfter(header("retry-after")));
        throw new RefusedError(answer.statusCode, url.host);
      }
      return { status: answer.statusCode, header, linked, host: url.host, body: answer.body };
    }
    throw new InterruptedError(`${url.host} redirects in a circle`);
  }

  async close(): Promise<void> {
    await this.dispatcher.destroy();
  }

  private async send(url: URL, headers: Record<string, string>, signal: AbortSignal) {
    try {
      return await request(url, { method: "GET", headers, signal, dispatcher: this.dispatcher });
    } catch (cause) {
      if (signal.aborted) throw cause;
      const refused = proxyStatus(cause);
      if (refused !== null && !passing(refused)) throw proxyRefusal(refused, url.host);
      throw new InterruptedError(`${url.host}: ${causeOf(cause)}`, null, { cause });
    }
  }
}

/** The innermost message of an error: "fetch failed" says nothing, "getaddrinfo ENOTFOUND" does. */
export function causeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  if (error instanceof Error && error.cause !== undefined) return causeOf(error.cause);
  return error instanceof Error ? error.message : String(error);
}

/** What a proxy answered instead of opening the way; null: that was not what went wrong. */
function proxyStatus(error: unknown): number | null {
  const [, status] = /Proxy response \((\d{3})\)/.exec(causeOf(error)) ?? [];
  return status === undefined ? null : Number(status);
}

function one(value: string | readonly string[] | undefined): string | null {
  return typeof value === "string" ? value : (value?.[0] ?? null);
}

function whole(text: string | null): number | null {
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : null;
}

/** Seconds, or a date (RFC 9110, 10.2.3), as milliseconds from now. */
function retryAfter(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}
