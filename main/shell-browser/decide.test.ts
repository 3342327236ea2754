import { expect, test } from "vitest";
import { decide, type RequestFacts } from "./decide.ts";

const server = { authority: "127.0.0.1:4321", maxBodyBytes: 1000, tokenIsGood: (token: string) => token === "good" };
const get: RequestFacts = {
  method: "GET",
  target: "/",
  host: "127.0.0.1:4321",
  origin: null,
  fetchSite: "same-origin",
  contentType: null,
  contentLength: null,
  hasSession: true,
};
const post: RequestFacts = {
  ...get,
  method: "POST",
  target: "/api/jobs.list",
  origin: "http://127.0.0.1:4321",
  contentType: "application/json",
};
const refused = (status: number) => ({ do: "refuse", status });

test.each<[string, RequestFacts, object]>([
  ["the page", get, { do: "content", request: { kind: "static", path: "/" } }],
  ["a typed address", { ...get, fetchSite: "none" }, { do: "content" }],
  ["a program without Sec-Fetch-Site", { ...get, fetchSite: null }, { do: "content" }],
  [
    "a script",
    { ...get, target: "/assets/a.js" },
    { do: "content", request: { kind: "static", path: "/assets/a.js" } },
  ],
  ["a clip", { ...get, target: "/media/abc_-1" }, { do: "content", request: { kind: "media", clipId: "abc_-1" } }],
  [
    "a preview",
    { ...get, target: "/preview/job1/3" },
    { do: "content", request: { kind: "preview", jobId: "job1", step: 3 } },
  ],
  ["HEAD", { ...get, method: "HEAD", target: "/media/abc" }, { do: "content" }],
  ["events", { ...get, target: "/events" }, { do: "events" }],
  ["a call", post, { do: "call", method: "jobs.list" }],
  ["a call with charset", { ...post, contentType: "application/json; charset=utf-8" }, { do: "call" }],

  [
    "a keyframe",
    { ...get, target: "/keyframe/job1/11/2" },
    { do: "content", request: { kind: "keyframe", jobId: "job1", place: 11 } },
  ],
  ["a picture", { ...get, target: "/picture/abc/0f" }, { do: "content", request: { kind: "picture", mediaId: "abc" } }],
  [
    "a stretch of sound",
    { ...get, target: "/sound/abc/0f/24/48" },
    { do: "content", request: { kind: "sound", mediaId: "abc", range: { from: 24, frames: 48 } } },
  ],
  ["a stretch without an end", { ...get, target: "/sound/abc/0f/24" }, refused(404)],
  [
    "an upload",
    { ...post, target: "/upload?name=a%20b.wav", contentType: "application/octet-stream" },
    { do: "upload", name: "a b.wav" },
  ],
  ["an upload as a form", { ...post, target: "/upload?name=a", contentType: "multipart/form-data" }, refused(415)],
  [
    "an upload from elsewhere",
    { ...post, target: "/upload", contentType: "application/octet-stream", origin: "https://evil.example" },
    refused(403),
  ],
  [
    "no session: upload",
    { ...post, target: "/upload", contentType: "application/octet-stream", hasSession: false },
    refused(403),
  ],
  ["a look at uploads", { ...get, target: "/upload" }, refused(404)],

  ["launch", { ...get, target: "/?token=good", hasSession: false, fetchSite: "none" }, { do: "launch" }],
  ["launch again in the window", { ...get, target: "/?token=good" }, { do: "home" }],
  ["a wrong token", { ...get, target: "/?token=bad", hasSession: false }, refused(403)],
  ["an empty token", { ...get, target: "/?token=", hasSession: false }, refused(403)],
  ["a token elsewhere", { ...get, target: "/events?token=good", hasSession: false }, refused(403)],
  ["a token by POST", { ...post, target: "/?token=good", hasSession: false }, refused(403)],
  [
    "launch from another site",
    { ...get, target: "/?token=good", hasSession: false, fetchSite: "cross-site" },
    refused(403),
  ],

  ["no session: page", { ...get, hasSession: false }, refused(403)],
  ["no session: call", { ...post, hasSession: false }, refused(403)],
  ["no session: clip", { ...get, target: "/media/abc", hasSession: false }, refused(403)],
  ["no session: events", { ...get, target: "/events", hasSession: false }, refused(403)],

  ["DNS rebinding", { ...get, host: "evil.example:4321" }, refused(421)],
  [
    "DNS rebinding at launch",
    { ...get, host: "evil.example", target: "/?token=good", hasSession: false },
    refused(421),
  ],
  ["another port", { ...get, host: "127.0.0.1:80" }, refused(421)],
  ["localhost", { ...get, host: "localhost:4321" }, refused(421)],
  ["no host", { ...get, host: null }, refused(421)],
  ["a foreign origin", { ...post, origin: "https://evil.example" }, refused(403)],
  ["an origin on another port", { ...post, origin: "http://127.0.0.1:80" }, refused(403)],
  ["a null origin", { ...post, origin: "null" }, refused(403)],
  ["https origin", { ...post, origin: "https://127.0.0.1:4321" }, refused(403)],
  ["POST without origin", { ...post, origin: null }, refused(403)],
  ["a cross-site picture", { ...get, target: "/media/abc", fetchSite: "cross-site" }, refused(403)],
  ["a same-site page on another port", { ...get, fetchSite: "same-site" }, refused(403)],

  ["text instead of JSON", { ...post, contentType: "text/plain" }, refused(415)],
  ["a form", { ...post, contentType: "application/x-www-form-urlencoded" }, refused(415)],
  ["no type", { ...post, contentType: null }, refused(415)],
  ["a JSON look-alike", { ...post, contentType: "application/jsonp" }, refused(415)],
  ["a huge body", { ...post, contentLength: "1001" }, refused(413)],
  ["a call without a name", { ...post, target: "/api/" }, refused(404)],
  ["a call with a path", { ...post, target: "/api/../x" }, refused(404)],
  ["POST to a page", { ...post, target: "/" }, refused(404)],
  ["GET of the api", { ...get, target: "/api/jobs.list" }, refused(404)],
  ["an id with a path", { ...get, target: "/media/..%2f..%2fetc" }, refused(404)],
  ["an id with a folder", { ...get, target: "/media/a/b" }, refused(404)],
  ["an over-long id", { ...get, target: `/media/${"a".repeat(65)}` }, refused(404)],
  ["a step that is no number", { ...get, target: "/preview/job1/NaN" }, refused(404)],
  ["a negative step", { ...get, target: "/preview/job1/-1" }, refused(404)],
  ["PUT", { ...post, method: "PUT" }, refused(405)],
  ["OPTIONS (a preflight)", { ...get, method: "OPTIONS", target: "/api/jobs.list" }, refused(405)],
  ["DELETE", { ...get, method: "DELETE" }, refused(405)],
  ["a proxy's absolute target", { ...get, target: "http://evil.example/" }, refused(400)],
  ["an endless target", { ...get, target: `/${"a".repeat(3000)}` }, refused(400)],
])("%s", (_name, facts, expected) => {
  expect(decide(facts, server)).toMatchObject(expected);
});
