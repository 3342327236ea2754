import { StudioError } from "../../core/contract/index.ts";
import { createCheckedClient } from "./checked-client.ts";
import type { WindowClient } from "./client.ts";

/** What of the browser the client uses; tests pass their own. */
export interface HttpTransport {
  fetch(path: string, init: RequestInit): Promise<Response>;
  openEvents(path: string): EventSource;
}

const browser: HttpTransport = {
  fetch: (path, init) => fetch(path, init),
  openEvents: (path) => new EventSource(path),
};
const gone = () =>
  new StudioError("ENGINE_UNRESPONSIVE", "Plume Studio does not answer: start it again. Your prompt is kept.");

/** The studio behind the loopback server of the browser shell. */
export function createHttpClient(transport: HttpTransport = browser): WindowClient {
  const connectionListeners = new Set<(state: boolean | "ended") => void>();
  const tell = (state: boolean | "ended") => {
    for (const listener of connectionListeners) listener(state);
  };
  async function post(path: string, type: string, body: string | File): Promise<unknown> {
    const init = { method: "POST", headers: { "Content-Type": type }, body };
    const response = await transport.fetch(path, init).catch(() => {
      throw gone();
    });
    // The server knows only windows of this run of the studio.
    if (response.status === 403) throw gone();
    return response.json().catch(() => null);
  }
  const client = createCheckedClient({
    send: (method, input) => post(`/api/${method}`, "application/json", JSON.stringify(input)),
    sendFile: (file, purpose) =>
      post(
        `/upload?${new URLSearchParams([["name", file.name], ...Object.entries(purpose)] as string[][])}`,
        "application/octet-stream",
        file,
      ),
    listen(listener) {
      const source = transport.openEvents("/events");
      source.addEventListener("open", () => tell(true));
      source.addEventListener("error", () => tell(source.readyState === 2 ? "ended" : false));
      source.addEventListener("message", (message: MessageEvent<string>) => listener(parseJson(message.data)));
      return () => source.close();
    },
  });
  return {
    ...client,
    onConnection(listener) {
      connectionListeners.add(listener);
      return () => connectionListeners.delete(listener);
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
