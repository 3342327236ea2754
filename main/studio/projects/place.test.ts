import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { newTimeline } from "../../../core/timeline/index.ts";
import { testBench } from "../testing.ts";
import { writeProjectFile } from "./format.ts";
import { inspectProject } from "./inspect.ts";
import { placeOf } from "./place.ts";

it("a project's file has the folder's name; one of an older studio is renamed when it is opened, not when it is looked at", async () => {
  await using bench = await testBench();
  const folder = join(bench.output, "far away", "Old film");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "project.json"), writeProjectFile(newTimeline("Old film"), 3, new Date().toISOString()));
  const studio = await bench.open();
  await expect(studio.knowProject(bench.output)).rejects.toMatchObject({ code: "NOT_FOUND" });
  const id = await studio.knowProject(join(folder, "project.json"));
  expect((await inspectProject(join(folder, "project.json"))).revision).toBe(3);
  expect(await readdir(folder)).toEqual(["project.json"]);
  expect((await studio.call("projects.open", { id })).revision).toBe(3);
  expect(studio.projectFile(id)).toBe(join(folder, "Old film.plume"));
  await studio.call("projects.close", { id });
  expect((await readdir(folder)).filter((name) => !name.startsWith("."))).toEqual(["Old film.plume"]);
  expect(studio.projectFile("unknown")).toBeNull();
});

it("a folder that was renamed keeps its file, and a project is opened from anywhere by either", async () => {
  await using bench = await testBench();
  const studio = await bench.open();
  const { id } = await studio.call("projects.create", { name: "Film" });
  await studio.call("projects.close", { id });
  const renamed = join(bench.output, "New film");
  await rename(join(bench.output, "Projects", "Film"), renamed);
  expect(placeOf(renamed).file).toBe(join(renamed, "Film.plume"));
  const again = await studio.knowProject(join(renamed, "Film.plume"));
  expect(await studio.knowProject(renamed)).toBe(again);
  expect((await studio.call("projects.open", { id: again })).readOnly).toBeNull();
});
