import {
  contract,
  type Input,
  type Method,
  type Output,
  replySchema,
  StudioError,
  type StudioEvent,
  studioEventSchema,
} from "../../core/contract/index.ts";
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

/**
 * The studio behind the loopback server of the browser shell. Both directions are checked against the contract: a wrong input is
 * refused before it is sent, a wrong answer before anyone sees it.
 */
export function createHttpClient(transport: HttpTransport = browser): WindowClient {
  const connectionListeners = new Set<(state: boolean | "ended") => void>();
  const tell = (state: boolean | "ended") => {
    for (const listener of connectionListeners) listener(state);
  };

  async function call<M extends Method>(method: M, input: Input<M>): Promise<Output<M>> {
    const checked = contract[method].input.safeParse(input);
    if (!checked.success) {
      throw new StudioError("BAD_REQUEST", checked.error.issues[0]?.message ?? "The request is not understood.");
    }
    const response = await transport
      .fetch(`/api/${method}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(checked.data),
      })
      .catch(() => {
        throw gone();
      });
    const body: unknown = await response.json().catch(() => null);
    const reply = replySchema.safeParse(body);
    if (!reply.success) {
      if (response.status === 403) throw gone();
      throw new StudioError("INTERNAL", "The studio's answer was not understood.", `HTTP ${response.status}`);
    }
    if (!reply.data.ok) throw StudioError.fromData(reply.data.error);
    const output = contract[method].output.safeParse(reply.data.value);
    if (!output.success) {
      throw new StudioError("INTERNAL", "The studio's answer was not understood.", output.error.message);
    }
    return output.data as Output<M>;
  }

  function subscribe(listener: (event: StudioEvent) => void): () => void {
    const source = transport.openEvents("/events");
    source.addEventListener("open", () => tell(true));
    source.addEventListener("error", () => tell(source.readyState === 2 ? "ended" : false));
    source.addEventListener("message", (message: MessageEvent<string>) => {
      const event = studioEventSchema.safeParse(parseJson(message.data));
      // A studio of another version may tell things that this window does not know.
      if (event.success) listener(event.data);
    });
    return () => source.close();
  }

  return {
    call,
    subscribe,
    clipUrl: (clipId) => `/media/${encodeURIComponent(clipId)}`,
    previewUrl: (jobId, step) => `/preview/${encodeURIComponent(jobId)}/${step}`,
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
