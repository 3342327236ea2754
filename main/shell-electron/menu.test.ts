import { expect, test } from "vitest";
import { decideOpening, openingsOf } from "./open.ts";
import { accelerator, type MenuActions, menuTemplate } from "./menu.ts";

test.each<[string | null, NodeJS.Platform, string | undefined]>([
  ["Mod+Shift+KeyK", "linux", "CommandOrControl+Shift+K"],
  ["Mod+KeyZ", "darwin", "CommandOrControl+Z"],
  ["KeyV", "linux", "V"],
  ["KeyV", "darwin", undefined],
  ["Alt+Digit1", "win32", "Alt+1"],
  ["Mod+Comma", "linux", "CommandOrControl+,"],
  ["Shift+ArrowLeft", "linux", "Shift+Left"],
  ["F11", "linux", "F11"],
  ["=?", "linux", undefined],
  ["IntlRo", "linux", undefined],
  [null, "linux", undefined],
])("%s on %s is %s", (chord, platform, expected) => {
  expect(accelerator(chord, platform)).toBe(expected);
});

const actions: MenuActions = {
  command: () => {},
  openProject: () => {},
  copyDiagnostics: () => {},
  showLicences: () => {},
  checkForUpdates: () => {},
  lookAtStart: () => {},
};
const edit = {
  title: "Edit",
  items: [
    { id: "history.undo", title: "Undo", chord: null, begins: true },
    { id: "clipboard.cut", title: "Cut & keep", chord: "Mod+KeyX", begins: true },
  ],
};

test("groups are parted, titles are shown as they are, and before the window speaks there are File and Help", () => {
  const bar = menuTemplate([edit], actions, { platform: "linux", looksAtStart: false });
  expect(bar.map(({ label, role }) => label ?? role)).toEqual(["File", "Edit", "help"]);
  const items = bar[1]!.submenu as { type?: string; label?: string }[];
  expect(items.map(({ type, label }) => label ?? type)).toEqual(["Undo", "separator", "Cut && keep"]);
  expect(menuTemplate([], actions, { platform: "linux", looksAtStart: false })).toHaveLength(2);
});

test("a Mac has its own menus, and text fields keep their keys", () => {
  const bar = menuTemplate([edit], actions, { platform: "darwin", looksAtStart: true });
  expect(bar.map(({ label, role }) => label ?? role)).toEqual(["appMenu", "File", "Edit", "windowMenu", "help"]);
  expect(JSON.stringify(bar)).toContain('"role":"paste"');
});

test.each<[string, object | null]>([
  ["/films/A film.plume", { do: "project", path: "/films/A film.plume" }],
  ["/films/A.PLUME", { do: "project", path: "/films/A.PLUME" }],
  ["films/A.plume", null],
  ["/films/A.mp4", null],
  ["--inspect=0.0.0.0", null],
  ["-r/films/A.plume", null],
  ["/films/A.plume\0.png", null],
  [`/${"a".repeat(5000)}.plume`, null],
  ["plume://project/abc_-1", { do: "known-project", id: "abc_-1" }],
  ["PLUME://PROJECT/abc/", { do: "known-project", id: "abc" }],
  ["plume://project/../../etc", { do: "show" }],
  ["plume://project/a%2fb", { do: "show" }],
  ["plume://open?file=/etc/passwd", { do: "show" }],
  ["plume:", { do: "show" }],
  ["file:///films/A.plume", null],
  ["https://evil.example/A.plume", null],
  ["", null],
])("%j asks for %j", (argument, expected) => {
  expect(decideOpening(argument)).toEqual(expected);
});

test("a command line without anything known asks for the window", () => {
  expect(openingsOf(["/opt/plume", "--no-sandbox"])).toEqual([{ do: "show" }]);
  expect(openingsOf(["/opt/a.plume", "/films/b.plume"])).toEqual([{ do: "project", path: "/films/b.plume" }]);
});
