import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "vitest";
import { type Clip, contract, type JobSnapshot, replySchema, studioEventSchema } from "../../core/contract/index.ts";
import { cookieValue, MAX_BODY_BYTES, type ShellServer, startServer } from "./server.ts";
import { createFakeStudio, type FakeStudio } from "./testing/fake-studio.ts";

let folder = "";
let studio: FakeStudio;
let server: ShellServer;
let base = "";
let session = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-shell-"));
  await mkdir(join(folder, "assets"));
  await writeFile(join(folder, "index.html"), "<!doctype html><title>Plume</title>");
  await writeFile(join(folder, "assets", "main-1.js"), "1;");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  studio = await createFakeStudio({ stepMs: 5 });
  server = await startServer(studio, folder, 0);
  base = `http://127.0.0.1:${server.port}`;
  const launch = await fetch(server.launchUrl, { redirect: "manual" });
  session = launch.headers.get("set-cookie")?.split(";")[0] ?? "";
});
afterEach(async () => {
  await server.close();
  await studio.close();
});

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(base + path, { headers: { cookie: session, ...headers }, redirect: "manual" });
const call = async (method: string, body: string) =>
  fetch(`${base}/api/${method}`, {
    method: "POST",
    headers: { cookie: session, origin: base, "content-type": "application/json" },
    body,
  });
async function value(method: string, input: unknown): Promise<unknown> {
  const reply = replySchema.parse(await (await call(method, JSON.stringify(input))).json());
  if (!reply.ok) throw new Error(reply.error.message);
  return reply.value;
}
async function makeClip(): Promise<Clip> {
  const [job] = (await value("jobs.generate", {
    request: { prompt: "blue bubbles", seed: 7, steps: 1, width: 64, height: 64, frames: 4 },
    variations: 1,
  })) as JobSnapshot[];
  for (;;) {
    const jobs = (await value("jobs.list", {})) as JobSnapshot[];
    const clip = jobs.find(({ id }) => id === job?.id)?.clip;
    if (clip) return clip;
    await new Promise((done) => setTimeout(done, 20));
  }
}

describe("getting in", () => {
  test("the launch token opens the session once, in a cookie that scripts and other sites cannot use", async () => {
    const again = await fetch(server.launchUrl, { redirect: "manual" });
    expect(again.status).toBe(403);
    expect(await again.text()).toContain("used already");
    expect(session).toMatch(/^plume-\d+=[\w-]{43}$/);
    const home = await get("/");
    expect(home.status).toBe(200);
    expect(await home.text()).toContain("Plume");
  });

  test("the cookie is HttpOnly, Strict and for the whole server", async () => {
    const second = await startServer(studio, folder, 0);
    const launch = await fetch(second.launchUrl, { redirect: "manual" });
    expect(launch.status).toBe(303);
    expect(launch.headers.get("location")).toBe("/");
    expect(launch.headers.get("set-cookie")).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    await second.close();
  });

  test("a wanted port that is taken falls back to another", async () => {
    const second = await startServer(studio, folder, server.port);
    expect(second.port).not.toBe(server.port);
    await second.close();
  });

  test.each(["/", "/assets/main-1.js", "/events", "/media/x", "/preview/x/1"])("%s needs the session", async (path) => {
    for (const cookie of [
      "",
      `plume-${server.port}=`,
      `plume-${server.port}=${"a".repeat(43)}`,
      session.slice(0, -1),
    ]) {
      const answer = await fetch(base + path, { headers: { cookie } });
      expect(answer.status).toBe(403);
    }
    expect(studio.calls).toEqual([]);
  });

  test("another Host is refused even with the session", async () => {
    const status = await new Promise<number | undefined>((done, failed) => {
      httpRequest(
        { port: server.port, host: "127.0.0.1", path: "/", headers: { host: "evil.example", cookie: session } },
        (response) => {
          response.resume();
          done(response.statusCode);
        },
      )
        .on("error", failed)
        .end();
    });
    expect(status).toBe(421);
  });

  test("only loopback is listened on", () => {
    expect(new URL(server.launchUrl).hostname).toBe("127.0.0.1");
  });
});

test("every answer carries the security headers, refusals included", async () => {
  const answers = [await get("/"), await get("/nothing"), await fetch(base), await call("jobs.list", "{}")];
  answers.push(await get("/media/unknown"), await get("/assets"));
  for (const answer of answers) {
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(answer.headers.get("content-security-policy")).not.toContain("unsafe");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  }
});

test("escapes on the wire reach no file outside", async () => {
  for (const path of [
    "/../server.ts",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/assets/..%2f..%2findex.html",
    "/assets/",
    "/.env",
  ]) {
    const raw = await new Promise<string>((done, failed) => {
      const socket = connect(server.port, "127.0.0.1");
      let text = "";
      socket.on("data", (data) => (text += data.toString()));
      socket.on("close", () => done(text));
      socket.on("error", failed);
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${session}\r\nConnection: close\r\n\r\n`,
      );
    });
    expect(raw.split("\r\n")[0]).toBe("HTTP/1.1 404 Not Found");
  }
});

describe("calls", () => {
  test("a value comes back in an envelope", async () => {
    expect(await value("models.list", {})).toMatchObject([{ id: "plume-starter" }]);
  });

  test.each(["", "{", "not json", '{"a":', "\u0000"])("a body that is not JSON (%j) gets a sentence", async (body) => {
    const reply = replySchema.parse(await (await call("jobs.list", body)).json());
    expect(reply).toMatchObject({ ok: false, error: { code: "BAD_REQUEST" } });
  });

  test("an unknown method is refused", async () => {
    for (const method of ["nothing", "constructor", "toString", "jobs.explode", "__proto__".replaceAll("_", "-")]) {
      expect(await (await call(method, "{}")).json()).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
    }
  });

  test("a body over the cap is refused, declared or not", async () => {
    const big = JSON.stringify({ text: "x".repeat(MAX_BODY_BYTES) });
    expect((await call("jobs.list", big)).status).toBe(413);
    const chunked = await new Promise<string>((done, failed) => {
      const request = httpRequest(
        {
          port: server.port,
          host: "127.0.0.1",
          method: "POST",
          path: "/api/jobs.list",
          headers: {
            cookie: session,
            origin: base,
            "content-type": "application/json",
            "transfer-encoding": "chunked",
          },
        },
        (response) => {
          let text = "";
          response.on("data", (data: Buffer) => (text += data.toString()));
          response.on("end", () => done(text));
        },
      );
      request.on("error", failed);
      request.end(big);
    });
    expect(JSON.parse(chunked)).toMatchObject({ ok: false, error: { code: "BAD_REQUEST" } });
  });

  test("a 10 000-word prompt gets the contract's own sentence", async () => {
    const request = { prompt: "bubbles ".repeat(10_000) };
    const reply = await (await call("jobs.generate", JSON.stringify({ request, variations: 1 }))).json();
    expect(reply).toMatchObject({ ok: false, error: { message: expect.stringMatching(/too long/) } });
  });

  test.each(Object.keys(contract))("hostile payloads to %s are answered with an envelope", async (method) => {
    const hostile = fc.oneof(
      fc.json(),
      fc.constantFrom(
        '{"__proto__":{"polluted":true}}',
        '{"id":"../../etc/passwd"}',
        '{"id":{"toString":1}}',
        '{"request":{"prompt":"x","width":1e308,"seed":-1},"variations":1e9}',
        '{"request":{"prompt":"x","output":"/etc/passwd"},"variations":1}',
        "[[[[[[]]]]]]",
        "null",
      ),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (body) => {
        const answer = await call(method, body);
        const reply = replySchema.parse(await answer.json());
        // What is harmless is done; the fake studio's downloads fail in their own way then.
        if (!reply.ok) expect(["BAD_REQUEST", "NOT_FOUND", "DOWNLOAD_FAILED"]).toContain(reply.error.code);
      }),
      { numRuns: 25 },
    );
    expect("polluted" in {}).toBe(false);
  });
});

describe("clips and previews", () => {
  test("a clip is sent whole, in exact ranges, or not at all", async () => {
    const clip = await makeClip();
    const whole = await get(`/media/${clip.id}`);
    const bytes = Buffer.from(await whole.arrayBuffer());
    expect([whole.status, bytes.length]).toEqual([200, clip.bytes]);
    expect(whole.headers.get("accept-ranges")).toBe("bytes");
    expect(bytes.subarray(4, 8).toString()).toBe("ftyp");

    const part = await get(`/media/${clip.id}`, { range: "bytes=10-19" });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes 10-19/${clip.bytes}`);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(10, 20));

    const beyond = await get(`/media/${clip.id}`, { range: `bytes=${clip.bytes}-` });
    expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, `bytes */${clip.bytes}`]);

    const head = await fetch(`${base}/media/${clip.id}`, { method: "HEAD", headers: { cookie: session } });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(clip.bytes)]);
    expect((await get("/media/unknown")).status).toBe(404);
  });

  test("a preview is RGBA frames", async () => {
    await makeClip();
    const [job] = (await value("jobs.list", {})) as JobSnapshot[];
    const preview = await get(`/preview/${job?.id}/1`);
    expect((await preview.arrayBuffer()).byteLength).toBe(8 * 8 * 4 * 4);
    expect((await get(`/preview/${job?.id}/99`)).status).toBe(404);
  });
});

test("events begin with the whole state and go on until the window goes", async () => {
  const stop = new AbortController();
  const answer = await fetch(`${base}/events`, { headers: { cookie: session }, signal: stop.signal });
  expect(answer.headers.get("content-type")).toContain("text/event-stream");
  const seen: string[] = [];
  const made = makeClip();
  let text = "";
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    text += new TextDecoder().decode(chunk);
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts.filter((line) => line.startsWith("data: "))) {
      const event = studioEventSchema.parse(JSON.parse(part.slice(6)));
      seen.push(event.type === "job" ? event.job.state : event.type);
    }
    if (seen.includes("done")) break;
  }
  expect(seen[0]).toBe("hello");
  expect(seen).toContain("queued");
  expect(seen).toContain("running");
  expect(seen.indexOf("library")).toBeLessThan(seen.indexOf("done"));
  await made;
  stop.abort();
});

test("cookies are found by their exact name", () => {
  expect(cookieValue("a=1; plume-80=x; b=2", "plume-80")).toBe("x");
  expect(cookieValue("plume-801=x", "plume-80")).toBeNull();
  expect(cookieValue("plume-80", "plume-80")).toBeNull();
  expect(cookieValue(null, "plume-80")).toBeNull();
});
