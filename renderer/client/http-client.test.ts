import { expect, test } from "vitest";
import type { StudioEvent } from "../../core/contract/index.ts";
import { job, system } from "../../core/testing/samples.ts";
import { createHttpClient } from "./http-client.ts";

class FakeEvents extends EventTarget {
  readyState = 1;
  closed = false;
  close() {
    this.closed = true;
  }
  say(data: string) {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

function open(respond: (path: string, init: RequestInit) => Response | Promise<Response>) {
  const sent: { path: string; body: unknown }[] = [];
  const events = new FakeEvents();
  const client = createHttpClient({
    fetch: async (path, init) => {
      sent.push({ path, body: JSON.parse(init.body as string) });
      return respond(path, init);
    },
    openEvents: () => events as unknown as EventSource,
  });
  return { client, sent, events };
}
const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status });

test("a call goes out as JSON and its value comes back checked", async () => {
  const { client, sent } = open(() => json({ ok: true, value: system }));
  expect(await client.call("system.info", {})).toEqual(system);
  expect(sent).toEqual([{ path: "/api/system.info", body: {} }]);
});

test("a wrong input is refused before it is sent", async () => {
  const { client, sent } = open(() => json({}));
  await expect(client.call("jobs.cancel", { id: "../etc" })).rejects.toMatchObject({ code: "BAD_REQUEST" });
  expect(sent).toEqual([]);
});

test("a refusal arrives as what it is", async () => {
  const error = { code: "DISK_FULL", message: "The disk is full." };
  const { client } = open(() => json({ ok: false, error }));
  await expect(client.call("jobs.list", {})).rejects.toMatchObject(error);
});

test.each([
  ["a value that the contract does not know", json({ ok: true, value: { nonsense: 1 } }), "INTERNAL"],
  ["a page instead of JSON", new Response("<html>"), "INTERNAL"],
  ["a lost session", new Response("no", { status: 403 }), "ENGINE_UNRESPONSIVE"],
])("%s is an error with a sentence", async (_, response, code) => {
  const { client } = open(() => response);
  await expect(client.call("system.info", {})).rejects.toMatchObject({ code });
});

test("a studio that is gone is said to be gone", async () => {
  const { client } = open(() => Promise.reject(new TypeError("Failed to fetch")));
  await expect(client.call("jobs.list", {})).rejects.toMatchObject({
    message: expect.stringMatching(/start it again/),
  });
});

test("events are checked, nonsense is passed over, and the line's state is told", () => {
  const { client, events } = open(() => json({}));
  const seen: StudioEvent[] = [];
  const states: unknown[] = [];
  client.onConnection?.((state) => states.push(state));
  const stop = client.subscribe((event) => seen.push(event));
  events.dispatchEvent(new Event("open"));
  events.say("not json");
  events.say('{"type":"from the future"}');
  events.say(JSON.stringify({ type: "job", job: job("a") }));
  expect(seen).toEqual([{ type: "job", job: job("a") }]);
  events.readyState = 0;
  events.dispatchEvent(new Event("error"));
  events.readyState = 2;
  events.dispatchEvent(new Event("error"));
  expect(states).toEqual([true, false, "ended"]);
  stop();
  expect(events.closed).toBe(true);
});

test("addresses carry ids only", () => {
  const { client } = open(() => json({}));
  expect(client.clipUrl("a/../b")).toBe("/media/a%2F..%2Fb");
  expect(client.previewUrl("job", 3)).toBe("/preview/job/3");
});
