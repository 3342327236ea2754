/**
 * What a page may do, for every shell that has a say in it. Pure, so that tables can be tested; `origin` is where our own page lives:
 * "app://studio" in Electron, "http://127.0.0.1:PORT" in the browser shell.
 */

/** What a page wants to do with an address. */
export type Wish = "navigate" | "open-window" | "request";

/** True for an address of our own pages and files: this very scheme, host and port, and no user name to look like it. */
export function isOurs(address: string, origin: string): boolean {
  const [url, home] = [parse(address), parse(origin)];
  if (url === null || home === null) return false;
  // Custom schemes have the opaque origin "null"; scheme and host say who they are.
  return url.protocol === home.protocol && url.host === home.host && url.username === "" && url.password === "";
}

/** Whether it may: nothing but our own pages is ever shown or fetched, no page opens another. */
export function mayReach(address: string, wish: Wish, origin: string): boolean {
  if (wish === "open-window") return false;
  // What the page itself has made: an object URL belongs to the origin in its name.
  if (wish === "request" && address.startsWith("blob:")) return isOurs(address.slice("blob:".length), origin);
  return isOurs(address, origin);
}

/** Permissions of the web that our own page uses: copying text, and the viewer on the whole screen. Neither reads anything. */
const PERMISSIONS: ReadonlySet<string> = new Set(["clipboard-sanitized-write", "fullscreen"]);

/** Whether a page at `address` gets a permission that it asks for. */
export const mayHave = (permission: string, address: string, origin: string): boolean =>
  PERMISSIONS.has(permission) && isOurs(address, origin);

/** Whether a message comes from the top frame of our own page. */
export const isOurFrame = (frame: { readonly url: string; readonly parent: unknown } | null, origin: string): boolean =>
  frame !== null && frame.parent === null && isOurs(frame.url, origin);

/** Whether another page started a request over HTTP, by what browsers say of it and pages cannot forge. Null: not said. */
export function isForeign(from: string | null, fetchSite: string | null, origin: string): boolean {
  if (from !== null && from !== origin) return true;
  return fetchSite !== null && fetchSite !== "same-origin" && fetchSite !== "none";
}

function parse(address: string): URL | null {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}
