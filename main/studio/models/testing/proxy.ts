/** Test help: a real HTTP proxy on this machine (CONNECT tunnels, and plain requests by absolute address), which misbehaves as told. */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

export interface ProxyWish {
  /** `name:password` without which nothing passes. */
  readonly credentials?: string;
  /** What it answers instead of passing a request on; null: it passes. `n` counts requests from 0. */
  readonly refuse?: (n: number) => number | null;
  /** Bytes of the answer after which it cuts the tunnel; null: never. */
  readonly dropAfter?: (n: number) => number | null;
}

export class TestProxy {
  /** Hosts that were asked for, in order. */
  readonly asked: string[] = [];
  wish: ProxyWish;
  private readonly server = createServer((incoming, response) => this.forward(incoming, response));
  private readonly sockets = new Set<Socket>();
  private count = 0;

  private constructor(wish: ProxyWish) {
    this.wish = wish;
    this.server.on("connect", (incoming: IncomingMessage, client: Socket) => this.tunnel(incoming, client));
    this.server.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.on("error", () => {}).once("close", () => this.sockets.delete(socket));
    });
  }

  static async start(wish: ProxyWish = {}): Promise<TestProxy> {
    const proxy = new TestProxy(wish);
    await new Promise<void>((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** @param credentials `name:password`, as a user writes them into the address */
  url(credentials = ""): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://${credentials === "" ? "" : `${credentials}@`}127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The status that a request is refused with, or null. */
  private refusal(incoming: IncomingMessage, n: number): number | null {
    const { credentials, refuse } = this.wish;
    const given = incoming.headers["proxy-authorization"];
    const isKnown = credentials === undefined || given === `Basic ${Buffer.from(credentials).toString("base64")}`;
    return isKnown ? (refuse?.(n) ?? null) : 407;
  }

  private tunnel(incoming: IncomingMessage, client: Socket): void {
    const n = this.count++;
    this.asked.push(incoming.url ?? "");
    const status = this.refusal(incoming, n);
    if (status !== null) {
      client.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    const [host = "", port = ""] = (incoming.url ?? "").split(":");
    const target = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.pipe(target);
      this.carry(target, client, n);
    });
    this.sockets.add(target);
    target.on("error", () => client.destroy()).once("close", () => this.sockets.delete(target));
    client.once("close", () => target.destroy());
  }

  /** From the target back to the client, up to where the wish cuts it. */
  private carry(target: Socket, client: Socket, n: number): void {
    const most = this.wish.dropAfter?.(n) ?? null;
    let passed = 0;
    target.on("data", (bytes: Buffer) => {
      const room = most === null ? bytes.length : Math.max(0, most - passed);
      passed += bytes.length;
      if (room < bytes.length) {
        client.write(bytes.subarray(0, room), () => client.destroy());
        target.destroy();
      } else client.write(bytes);
    });
    target.once("end", () => client.end());
  }

  private forward(incoming: IncomingMessage, response: ServerResponse): void {
    const n = this.count++;
    this.asked.push(new URL(incoming.url ?? "").host);
    const status = this.refusal(incoming, n);
    if (status !== null) {
      response.writeHead(status).end();
      return;
    }
    const { "proxy-authorization": _, ...headers } = incoming.headers;
    const onward = request(incoming.url ?? "", { method: incoming.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  }
}
