import { type ImportPurpose, importPurposeSchema } from "../../core/contract/index.ts";
import { type ContentRequest, contentRequest } from "../shell-common/content.ts";
import { isForeign } from "../shell-common/decide.ts";

/** Everything about a request that decides what happens to it. Header values are as received, `null` when absent. */
export interface RequestFacts {
  readonly method: string;
  /** Path and query as received, e.g. `/?token=…`. */
  readonly target: string;
  readonly host: string | null;
  readonly origin: string | null;
  /** `Sec-Fetch-Site`, which pages cannot forge. */
  readonly fetchSite: string | null;
  readonly contentType: string | null;
  readonly contentLength: string | null;
  /** True when the session cookie is right. */
  readonly hasSession: boolean;
}

export interface ServerFacts {
  /** `127.0.0.1:PORT`. */
  readonly authority: string;
  /** True while the launch token was not used yet and equals the one in the request. */
  readonly tokenIsGood: (token: string) => boolean;
  readonly maxBodyBytes: number;
}

export type Decision =
  | { readonly do: "refuse"; readonly status: number; readonly sentence: string }
  /** First request of the window: swap the launch token for the session cookie and go to `/`. */
  | { readonly do: "launch" }
  /** The launch address again from a window that has its session already. */
  | { readonly do: "home" }
  | { readonly do: "call"; readonly method: string }
  /** Bytes of a file that the user dropped. */
  | { readonly do: "upload"; readonly name: string; readonly purpose: ImportPurpose }
  | { readonly do: "events" }
  | { readonly do: "content"; readonly request: ContentRequest };

const refuse = (status: number, sentence: string): Decision => ({ do: "refuse", status, sentence });

/**
 * What to do with a request. Refuses, in this order: another Host than our own (DNS rebinding), a request that another site
 * started (Origin, Sec-Fetch-Site), one without our session, then what no part of the app asks for.
 */
export function decide(facts: RequestFacts, server: ServerFacts): Decision {
  if (facts.host !== server.authority) return refuse(421, "This address is not Plume Studio's own.");
  if (isForeign(facts.origin, facts.fetchSite, `http://${server.authority}`)) {
    return refuse(403, "Only Plume Studio's own window may ask this.");
  }
  if (facts.target.length > 2048 || !facts.target.startsWith("/"))
    return refuse(400, "This address is not understood.");
  const [path = "/", query = ""] = facts.target.split("?", 2);

  if (facts.method === "GET" && path === "/") {
    const token = new URLSearchParams(query).get("token");
    if (token !== null) {
      if (facts.hasSession) return { do: "home" };
      return server.tokenIsGood(token)
        ? { do: "launch" }
        : refuse(403, "This link was used already. Start Plume Studio again to get a new one.");
    }
  }
  if (!facts.hasSession) return refuse(403, "Open Plume Studio from its own window, or with the link that it printed.");

  if (facts.method === "POST") {
    const isUpload = path === "/upload";
    const method = /^\/api\/([A-Za-z0-9.-]{1,64})$/.exec(path)?.[1];
    if (!method && !isUpload) return refuse(404, "There is nothing here.");
    // A page of another site could post plain text without asking first; JSON it cannot. Browsers always send Origin with POST.
    if (facts.origin === null) return refuse(403, "Only Plume Studio's own window may ask this.");
    if (isUpload) {
      // Like JSON, this type is one that another site's page cannot send without asking first.
      if (facts.contentType !== "application/octet-stream") return refuse(415, "The upload must be plain bytes.");
      const { name = "", ...rest } = Object.fromEntries(new URLSearchParams(query));
      const purpose = importPurposeSchema.safeParse(rest);
      return purpose.success
        ? { do: "upload", name, purpose: purpose.data }
        : refuse(400, "This address is not understood.");
    }
    if (!method) return refuse(404, "There is nothing here.");
    if (!/^application\/json(\s*;|$)/i.test(facts.contentType ?? "")) return refuse(415, "The request must be JSON.");
    if (Number(facts.contentLength ?? 0) > server.maxBodyBytes) return refuse(413, "The request is too large.");
    return { do: "call", method };
  }
  if (facts.method !== "GET" && facts.method !== "HEAD") return refuse(405, "This method is not understood.");
  if (path === "/events") return { do: "events" };
  const request = contentRequest(path);
  return request ? { do: "content", request } : refuse(404, "There is nothing here.");
}
