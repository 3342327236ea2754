/* oxlint-disable unicorn/consistent-function-scoping, unicorn/prefer-add-event-listener -- `attack` runs in the page: it holds all it needs */
/** Another site's page, open in the same browser as the studio, tries every door that the web gives it. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type ShellServer } from "../../main/shell-browser/server.ts";
import { createFakeStudio, type FakeStudio } from "../../main/shell-browser/testing/fake-studio.ts";
import { join, resolve } from "node:path";
import { launchBrowser, openWindow, type Window } from "./harness.ts";

let studio: FakeStudio;
let server: ShellServer;
let evil: Server;
let browser: Browser;
let evilPort = 0;
let window: Window;

beforeAll(async () => {
  studio = await createFakeStudio();
  server = await startServer(studio, join(resolve(import.meta.dirname, "..", ".."), "dist", "renderer"), 0);
  evil = createServer((request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>evil</title><p>${request.url}`);
  });
  await new Promise<void>((done) => evil.listen(0, "127.0.0.1", done));
  evilPort = (evil.address() as AddressInfo).port;
  browser = await launchBrowser([`--host-resolver-rules=MAP rebound.example 127.0.0.1:${server.port}`]);
  window = await openWindow(browser, server.launchUrl);
});
afterAll(async () => {
  await browser.close();
  await server.close();
  evil.close();
  await studio.close();
});

/** What a page at the studio's own address can do is tried by a page that is not. Resolves with what succeeded, and what was read. */
async function attack(target: string): Promise<string[]> {
  const opened: string[] = [];
  const tried = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const late = new Promise<false>((done) => setTimeout(() => done(false), 3000));
    const got = await Promise.race([work().catch(() => false), late]);
    if (got !== false && got !== undefined) opened.push(`${name}: ${JSON.stringify(got).slice(0, 100)}`);
  };
  const body = JSON.stringify({ request: { prompt: "evil" }, variations: 1 });
  const post = (init: RequestInit) => fetch(`${target}/api/jobs.generate`, { method: "POST", body, ...init });
  const read = async (answer: Promise<Response>) => (await answer).ok && (await (await answer).text());
  const load = (element: HTMLElement & { src?: string; href?: string; rel?: string }, address: string) =>
    new Promise<boolean>((done) => {
      element.onload = () => done(true);
      element.onerror = () => done(false);
      if (element instanceof HTMLLinkElement) Object.assign(element, { rel: "stylesheet", href: address });
      else element.src = address;
      document.body.append(element);
    });
  await tried("read the page", () => read(fetch(`${target}/`, { credentials: "include" })));
  await tried("read the list", () => read(post({ credentials: "include" })));
  await tried("send JSON", () =>
    read(post({ credentials: "include", headers: { "content-type": "application/json" } })),
  );
  await tried("script", () => load(document.createElement("script"), `${target}/assets/index.js`));
  await tried("style", () => load(document.createElement("link"), `${target}/assets/index.css`));
  await tried("picture", () => load(document.createElement("img"), `${target}/media/x`));
  await tried(
    "events",
    () =>
      new Promise((done) => {
        const source = new EventSource(`${target}/events`, { withCredentials: true });
        source.onmessage = ({ data }) => done(data);
        source.onerror = () => done(false);
      }),
  );
  await tried(
    "socket",
    () =>
      new Promise((done) => {
        const socket = new WebSocket(target.replace("http", "ws"));
        socket.onopen = () => done("open");
        socket.onerror = () => done(false);
      }),
  );
  await tried("frame", async () => {
    const frame = document.createElement("iframe");
    await load(frame, `${target}/`);
    return frame.contentDocument?.title ?? false;
  });
  // Sent without asking, and the answer cannot be read; the studio must not have heard them either.
  await post({ credentials: "include", mode: "no-cors", headers: { "content-type": "text/plain" } }).catch(() => null);
  await fetch(`${target}/upload?name=evil.png`, {
    method: "POST",
    body,
    credentials: "include",
    mode: "no-cors",
  }).catch(() => null);
  navigator.sendBeacon(`${target}/api/jobs.generate`, new Blob([body], { type: "text/plain" }));
  const form = Object.assign(document.createElement("form"), { method: "post", action: `${target}/api/jobs.generate` });
  form.enctype = "text/plain";
  const sink = Object.assign(document.createElement("iframe"), { name: "sink" });
  form.target = "sink";
  document.body.append(sink, form);
  form.submit();
  await new Promise((done) => setTimeout(done, 500));
  return opened;
}

test.each([
  ["another port of this machine", () => `http://127.0.0.1:${evilPort}/`, () => `http://127.0.0.1:${server.port}`],
  ["another name", () => `http://localhost:${evilPort}/`, () => `http://127.0.0.1:${server.port}`],
  ["a name that leads to the studio (DNS rebinding)", () => "http://rebound.example/", () => "http://rebound.example"],
])("a page at %s opens nothing, while the studio is open in the same browser", async (_name, page, target) => {
  const before = [...studio.calls];
  const tab = await window.context.newPage();
  await tab.goto(page());
  expect(await tab.evaluate(attack, target())).toEqual([]);
  // Whoever opened the studio's page in a window of its own gets no hold of it.
  const hold = await tab.evaluate((address) => {
    const opened = globalThis.open(address);
    return new Promise((done) =>
      setTimeout(() => {
        let title: string | undefined;
        try {
          title = opened?.document.title;
        } catch {
          // As it should be.
        }
        done(title ?? "no hold");
      }, 1000),
    );
  }, target());
  expect(["no hold", "", "evil"]).toContain(hold);
  const jobs = (await studio.handle("jobs.list", {})) as { value: unknown[] };
  expect(jobs.value).toEqual([]);
  expect(studio.calls.slice(before.length).filter((method) => method === "jobs.generate")).toEqual([]);
  await tab.close();
});
