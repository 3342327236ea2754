import type { ServerResponse } from "node:http";
import { securityHeaders } from "../shell-common/headers.ts";
import type { ShellStudio } from "../shell-common/content.ts";

const HEARTBEAT_MS = 15_000;
/** A window that does not read (a laptop asleep) must not make the studio keep its events for ever: it reconnects and gets `hello`. */
const MAX_UNREAD_BYTES = 8 << 20;

/** Sends the studio's events as server-sent events until the window goes away. The first is `hello` with the whole state. */
export function streamEvents(studio: ShellStudio, response: ServerResponse): void {
  response.writeHead(200, {
    ...securityHeaders,
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
  });
  response.write("retry: 1000\n\n");
  const write = (text: string) => {
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
    else response.write(text);
  };
  const stop = studio.subscribe((event) => write(`data: ${JSON.stringify(event)}\n\n`));
  const heartbeat = setInterval(() => write(":\n\n"), HEARTBEAT_MS);
  heartbeat.unref();
  response.on("close", () => {
    clearInterval(heartbeat);
    stop();
  });
}
