import { existsSync } from "node:fs";
import { join, sep } from "node:path";
import { expect, test } from "vitest";
import { appFile, appPlaces, appScript } from "./app-files.ts";

const at = (...parts: string[]) => join(sep, ...parts);

test("in a checkout files and scripts are the sources", () => {
  expect(existsSync(appFile("package.json"))).toBe(true);
  expect(existsSync(appScript("main/inference/worker.ts"))).toBe(true);
  const places = appPlaces(at("home", "plume", "dist", "shell-electron"));
  expect(places).toEqual({ root: at("home", "plume"), resources: null });
});

test.each(["app.asar", "app.asar.unpacked"])("in an installed app they lie outside the archive (%s)", (archive) => {
  const places = appPlaces(at("opt", "Plume", "resources", archive, "dist", "node"));
  const unpacked = at("opt", "Plume", "resources", "app.asar.unpacked");
  expect(places).toEqual({ root: unpacked, resources: at("opt", "Plume", "resources") });
  expect(appScript("main/inference/heartbeat-thread.ts", places)).toBe(
    join(unpacked, "dist", "node", "inference-heartbeat-thread.js"),
  );
});
