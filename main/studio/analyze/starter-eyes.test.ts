/** The eyes that ship, on films whose truth is known: what they find, how they follow it, and that a crop keeps it inside. */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { FLICKS_PER_SECOND } from "../../../core/time/index.ts";
import { clipsOf, type Timeline, valueAt } from "../../../core/timeline/index.ts";
import { decodeMasks, iou, maskAt } from "../../../core/vision/index.ts";
import {
  randomTensors,
  smallClassifier,
  smallDetector,
  writeCheckpoint,
} from "../../../native-models/patnet/testing-model.testkit.ts";
import { temporaryFolder } from "../../media/testing.ts";
import { bundledModels } from "../bundled-models.ts";
import { createStudio } from "../create-studio.ts";
import type { Studio } from "../studio.ts";
import { boxAtTime, makeMovingFilm, type MovingFilm, movingFilms, THING } from "./moving-films.testkit.ts";
import { FILM } from "./testing.ts";

vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let studio: Studio;
beforeAll(async () => {
  folder = await temporaryFolder();
  studio = await createStudio(
    { appVersion: "test", queue: "memory", home: join(folder.path, "home"), output: join(folder.path, "out") },
    { bundled: bundledModels().filter(({ work }) => work === "vision") },
  );
  for (const [name, film] of Object.entries(movingFilms)) await makeMovingFilm(join(folder.path, `${name}.mp4`), film);
});
afterAll(async () => {
  await studio?.close();
  await folder?.[Symbol.asyncDispose]();
});

const take = (name: string) => studio.importMedia(join(folder.path, `${name}.mp4`));
const framesOf = ({ seconds }: MovingFilm): number[] =>
  Array.from({ length: seconds * FILM.rate }, (_, frame) => frame / FILM.rate);

describe("smart reframe with the eyes that ship", () => {
  it("keeps the subject inside on at least 95 % of all frames of the set, by ordinary keyframes", async () => {
    let [inside, all] = [0, 0];
    const perFilm: Record<string, number> = {};
    for (const [name, film] of Object.entries(movingFilms)) {
      const { id: media } = await take(name);
      const { id } = await studio.call("projects.create", { name, settings: { width: 180, height: 320 } });
      await studio.call("projects.useMedia", { id, media: [media] });
      const document = async (): Promise<Timeline> => (await studio.call("projects.open", { id })).document;
      const track = (await document()).tracks.find(({ kind }) => kind === "video")!;
      const clips = [{ track: track.id, clip: { media } }];
      await studio.call("projects.edit", { id, name: "append", arguments: { clips } });
      const [clip] = [...clipsOf(await document())];
      await studio.call("analysis.reframe", { id, clip: clip!.id });
      const [{ parameters }] = [...clipsOf(await document())] as [NonNullable<typeof clip>];
      const crop = (FILM.height * 9) / 16 / FILM.width;
      let here = 0;
      for (const time of framesOf(film)) {
        const centre = 0.5 - valueAt(parameters.positionX!, Math.round(time * FLICKS_PER_SECOND)) * crop;
        const [left, , right] = boxAtTime(film, time);
        if (left >= centre - crop / 2 - 1e-6 && right <= centre + crop / 2 + 1e-6) here += 1;
      }
      all += framesOf(film).length;
      inside += here;
      perFilm[name] = here / framesOf(film).length;
    }
    expect(inside / all, JSON.stringify(perFilm)).toBeGreaterThanOrEqual(0.95);
  });
});

describe("what they find", () => {
  it("is the thing, and where it is at each moment", async () => {
    for (const name of ["walks across"]) {
      const film = movingFilms[name]!;
      const { id } = await take(name);
      const wants = [{ id, start: 0, end: film.seconds }];
      const status = await vi.waitFor(
        async () => {
          const [now] = await studio.call("analysis.masks", { wants });
          expect(now!.problem).toBeNull();
          expect(now!.stretches).toHaveLength(1);
          return now!;
        },
        { timeout: 500_000, interval: 200 },
      );
      expect(status.kinds).toContain(film.shape);
      const { path } = await studio.maskFile(id, status.stretches[0]!.key);
      const masks = decodeMasks(await readFile(path))!;
      let [good, all] = [0, 0];
      for (const time of framesOf(film)) {
        all += 1;
        if (maskFit(maskAt(masks, { time, kinds: [film.shape] }), film, time) > 0.7) good += 1;
      }
      expect(good / all, name).toBeGreaterThanOrEqual(0.9);
      const boxes = masks.tracks.find(({ label }) => label === film.shape)!.points;
      const overlap = boxes.reduce((sum, { time, box }) => sum + iou(box, boxAtTime(film, time)), 0) / boxes.length;
      expect(overlap, name).toBeGreaterThan(0.7);
    }
  });
});

describe("checkpoints of one's own", () => {
  it.each([
    ["a classifier", smallClassifier],
    ["a Mask R-CNN", smallDetector],
  ])("%s is dropped, installed by the engine, and looks at what it is asked to look at", async (name, config) => {
    const word = `drop-${randomUUID().slice(0, 8)}`;
    const file = join(folder.path, `${word}.safetensors`);
    await writeCheckpoint(file, randomTensors(config));
    expect(await studio.importMedia(file, { checkpoint: word })).toBeNull();
    const job = await studio.call("models.installDropped", { drop: word });
    const ended = await studio.ended(job.id);
    expect(ended, name).toMatchObject({ state: "done", error: null, result: { model: word } });
    const { id } = await take("walks across");
    const wish = { tags: true, objects: config.detector !== null, masks: false, aspect: null, model: word };
    const { facts } = await studio.analyze(id, { ...wish, signal: new AbortController().signal });
    expect(facts).toMatchObject({ model: word, problem: null });
    expect(facts.moments).toBeGreaterThan(1);
    await studio.call("models.remove", { id: word });
  });
});

/** Intersection by union of a mask and the thing as it was drawn. */
function maskFit(mask: ReturnType<typeof maskAt>, film: MovingFilm, time: number): number {
  const [left, top] = boxAtTime(film, time);
  const scale = mask.width / FILM.width;
  const [cx, cy, r] = [
    left * mask.width + (THING / 2) * scale,
    top * mask.height + (THING / 2) * scale,
    (THING / 2) * scale,
  ];
  let [shared, either] = [0, 0];
  for (let y = 0; y < mask.height; y++)
    for (let x = 0; x < mask.width; x++) {
      const [dx, dy] = [Math.abs(x + 0.5 - cx), Math.abs(y + 0.5 - cy)];
      const isIn = film.shape === "circle" ? Math.hypot(dx, dy) < r : Math.max(dx, dy) < r;
      const isMask = mask.alpha[y * mask.width + x]! > 127;
      if (isIn && isMask) shared += 1;
      if (isIn || isMask) either += 1;
    }
  return shared / either;
}
