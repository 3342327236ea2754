import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { findBrowser } from "../../main/shell-browser/window.ts";

export { fakeEntry, realEntry, type RunningApp, startApp, storeEntry } from "../app.ts";

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "plume-e2e-"));
}
export const removeFolder = (folder: string) => rm(folder, { recursive: true, force: true, maxRetries: 3 });

export async function launchBrowser(options: readonly string[] = []): Promise<Browser> {
  const executablePath = findBrowser();
  if (!executablePath) throw new Error("No Chromium was found: `npm test` installs one on Debian.");
  return chromium.launch({ executablePath, args: [...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), ...options] });
}

export interface Window {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Whatever must never happen, as sentences: policy violations, requests off this machine, script errors. */
  readonly offences: string[];
}

/** Opens the app's window and watches it for everything that must never happen. */
export async function openWindow(
  browser: Browser,
  url: string,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<Window> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  // Machines that test may be busy with other things; what must be quick is measured by benchmarks.
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const offences: string[] = [];
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (hostname !== "127.0.0.1" && protocol !== "blob:")
      offences.push(`A request left this machine: ${request.url()}`);
  });
  page.on("pageerror", (error) => offences.push(`A script failed: ${error.message}`));
  page.on("console", (message) => {
    // A picture that is gone by the time it is asked for is ordinary life; refused policies and failed scripts are not.
    if (message.type() === "error" && !message.text().includes("404")) offences.push(`Console: ${message.text()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      // oxlint-disable-next-line no-console -- console is how the page tells the test
      console.error(`Policy violation: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.goto(url);
  await page.waitForSelector("#prompt");
  return { page, context, offences };
}

/** Drops files and folders of this disk onto an element, as the system's file manager does: the browser reads them itself. */
export async function dropFiles(
  page: Page,
  paths: readonly string[],
  onto: string,
  whileOver?: () => Promise<unknown>,
): Promise<void> {
  const box = (await page.locator(onto).boundingBox())!;
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver"] as const)
    await session.send("Input.dispatchDragEvent", { type, ...at, data });
  await whileOver?.();
  await session.send("Input.dispatchDragEvent", { type: "drop", ...at, data });
  await session.detach();
}

/** Drops one file's bytes onto an element through the page's own events, wherever that element is. */
export async function dropBytes(page: Page, path: string, onto: string): Promise<void> {
  const data = await page.evaluateHandle(
    ([base64, fileName]) => {
      const transfer = new DataTransfer();
      const content = Uint8Array.from(atob(base64 ?? ""), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([content], fileName ?? ""));
      return transfer;
    },
    [(await readFile(path)).toString("base64"), basename(path)],
  );
  for (const type of ["dragenter", "dragover", "drop"]) await page.dispatchEvent(onto, type, { dataTransfer: data });
}

/** Asks the studio as the window does. */
export const askStudio = <T>(page: Page, method: string, input: unknown): Promise<T> =>
  page.evaluate(
    async ([path, body]) => {
      const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: body! };
      const reply = (await (await fetch(path!, init)).json()) as { ok: boolean; value: T; error: unknown };
      if (!reply.ok) throw new Error(JSON.stringify(reply.error));
      return reply.value;
    },
    [`/api/${method}`, JSON.stringify(input)],
  );

/** Hands a file's bytes to the studio, as the window does where it may not know paths; resolves with the media's id. */
export async function uploadFile(page: Page, path: string): Promise<string> {
  const base64 = (await readFile(path)).toString("base64");
  return page.evaluate(
    async ([data, name]) => {
      const body = Uint8Array.from(atob(data!), (letter) => letter.codePointAt(0)!);
      const headers = { "Content-Type": "application/octet-stream" };
      const answer = await fetch(`/upload?name=${encodeURIComponent(name!)}`, { method: "POST", headers, body });
      return ((await answer.json()) as { value: { id: string } }).value.id;
    },
    [base64, basename(path)],
  );
}

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Runs axe on the page as it is and returns its complaints, one line each. Scripts from outside run in a world of their own. */
export async function accessibilityProblems(page: Page, disabledRules: readonly string[] = []): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
      expression,
      contextId: executionContextId,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  await evaluate(`${axeSource};undefined`);
  const rules = JSON.stringify(Object.fromEntries(disabledRules.map((rule) => [rule, { enabled: false }])));
  const lines =
    await evaluate(`axe.run(document, { resultTypes: ["violations"], rules: ${rules} }).then(({ violations }) =>
    violations.flatMap(({ id, help, nodes }) => nodes.map(({ html, any }) =>
      id + ": " + help + " — " + html.slice(0, 160) + " " + (any[0]?.message ?? ""))))`);
  await session.detach();
  return lines as string[];
}
