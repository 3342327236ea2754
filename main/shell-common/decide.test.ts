import { expect, test } from "vitest";
import { isForeign, isOurFrame, isOurs, mayHave, mayReach } from "./decide.ts";

const electron = "app://studio";
const browser = "http://127.0.0.1:4321";

test.each<[string, string, boolean]>([
  ["app://studio/", electron, true],
  ["app://studio/index.html?a#b", electron, true],
  ["APP://studio/", electron, true],
  ["app://studio:1/", electron, false],
  ["app://other/", electron, false],
  ["app://studio.evil/", electron, false],
  ["app://user@studio/", electron, false],
  ["app://:secret@studio/", electron, false],
  ["app:studio", electron, false],
  ["apps://studio/", electron, false],
  ["https://studio/", electron, false],
  ["file:///etc/passwd", electron, false],
  ["javascript:alert(1)", electron, false],
  ["data:text/html,x", electron, false],
  ["about:blank", electron, false],
  ["view-source:app://studio/", electron, false],
  ["blob:app://studio/1", electron, false],
  ["", electron, false],
  ["\u0000app://studio/", electron, true], // the URL standard strips it, and Chromium too
  ["http://127.0.0.1:4321/", browser, true],
  ["http://127.0.0.1:43210/", browser, false],
  ["http://127.0.0.1/", browser, false],
  ["http://localhost:4321/", browser, false],
  ["https://127.0.0.1:4321/", browser, false],
  ["http://127.0.0.1:4321@evil.example/", browser, false],
  ["http://evil.example/127.0.0.1:4321", browser, false],
  ["http://[::1]:4321/", browser, false],
  ["http://2130706433:4321/", browser, true], // the same address, written as a number
])("%j is ours at %s: %j", (address, origin, expected) => {
  expect(isOurs(address, origin)).toBe(expected);
  expect(mayReach(address, "navigate", origin)).toBe(expected);
  expect(mayReach(address, "open-window", origin)).toBe(false);
});

test.each<[string, boolean]>([
  ["app://studio/assets/a.js", true],
  ["blob:app://studio/0b7d", true],
  ["blob:https://evil.example/0b7d", false],
  ["blob:app://studio.evil/0b7d", false],
  ["blob:null/0b7d", false],
  ["data:image/png;base64,AA", false],
  ["devtools://devtools/bundled/inspector.html", false],
  ["chrome-extension://abcdef/page.html", false],
  ["ws://127.0.0.1:9222/", false],
  ["wss://studio/", false],
  ["ftp://studio/", false],
])("our page may fetch %s: %j", (address, expected) => {
  expect(mayReach(address, "request", electron)).toBe(expected);
});

test.each<[string, string, boolean]>([
  ["clipboard-sanitized-write", "app://studio/", true],
  ["fullscreen", "app://studio/", true],
  ["clipboard-sanitized-write", "https://evil.example/", false],
  ["fullscreen", "about:blank", false],
  ...[
    "clipboard-read",
    "media",
    "display-capture",
    "geolocation",
    "notifications",
    "midi",
    "midiSysex",
    "pointerLock",
    "keyboardLock",
    "openExternal",
    "fileSystem",
    "hid",
    "serial",
    "usb",
    "idle-detection",
    "window-management",
    "storage-access",
    "speaker-selection",
    "unknown",
    "constructor",
  ].map((name): [string, string, boolean] => [name, "app://studio/", false]),
])("%s at %s: %j", (permission, address, expected) => {
  expect(mayHave(permission, address, electron)).toBe(expected);
});

test.each<[string, { url: string; parent: unknown } | null, boolean]>([
  ["our page", { url: "app://studio/", parent: null }, true],
  ["a frame in our page", { url: "app://studio/", parent: {} }, false],
  ["another page", { url: "https://evil.example/", parent: null }, false],
  ["an empty page", { url: "about:blank", parent: null }, false],
  ["a frame that is gone", null, false],
])("%s speaks for us: %j", (_name, frame, expected) => {
  expect(isOurFrame(frame, electron)).toBe(expected);
});

test.each<[string | null, string | null, boolean]>([
  [null, null, false],
  [null, "none", false],
  [null, "same-origin", false],
  [browser, "same-origin", false],
  [null, "same-site", true],
  [null, "cross-site", true],
  ["null", null, true],
  ["https://evil.example", null, true],
  ["http://127.0.0.1:4322", null, true],
  ["http://127.0.0.1:4321/", null, true],
  [browser, "cross-site", true],
])("a request from %j (Sec-Fetch-Site %j) is foreign: %j", (from, fetchSite, expected) => {
  expect(isForeign(from, fetchSite, browser)).toBe(expected);
});
