import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findStatic, staticSegments } from "./static-file.ts";

let folder = "";
let inside = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-static-"));
  inside = join(folder, "renderer");
  await mkdir(join(inside, "assets"), { recursive: true });
  await writeFile(join(folder, "secret.js"), "secret");
  await writeFile(join(inside, "index.html"), "<!doctype html>");
  await writeFile(join(inside, "assets", "main-1a2b.js"), "1");
  await writeFile(join(inside, "notes.txt"), "not served");
  await symlink(join(folder, "secret.js"), join(inside, "link.js"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  ["/", ["index.html"]],
  ["/index.html", ["index.html"]],
  ["/assets/main-1a2b.js", ["assets", "main-1a2b.js"]],
  ["", null],
  ["assets/a.js", null],
  ["//etc/passwd", null],
  ["/../secret.js", null],
  ["/assets/../../secret.js", null],
  ["/%2e%2e/secret.js", null],
  ["/..%2fsecret.js", null],
  ["/%252e%252e/secret.js", null],
  ["/..\\secret.js", null],
  ["/assets\\main.js", null],
  ["/a%00.js", null],
  ["/C:/Windows/win.ini", null],
  ["/c:secret.js", null],
  ["/.env", null],
  ["/.git/config", null],
  ["/%", null],
  ["/a/", null],
  ["/\\\\host\\share", null],
  ["/file:///etc/passwd", null],
])("%j names %j", (path, expected) => {
  expect(staticSegments(path)).toEqual(expected);
});

test("files of the build are found with their type", async () => {
  expect(await findStatic(inside, "/")).toMatchObject({ type: "text/html; charset=utf-8", size: 15, immutable: false });
  expect(await findStatic(inside, "/assets/main-1a2b.js")).toMatchObject({ immutable: true, size: 1 });
});

test.each(["/link.js", "/assets", "/assets/", "/none.js", "/notes.txt", "/%2e%2e/secret.js"])(
  "%s is not served",
  async (path) => {
    expect(await findStatic(inside, path)).toBeNull();
  },
);
