import { expect, it } from "vitest";
import type { AnimationRecord, GenerationRecord, Media } from "../../core/contract/index.ts";
import { LEFT_OUT } from "../../core/export/index.ts";
import { clip, model, request } from "../../core/testing/samples.ts";
import { fakeClient, fakeStorage } from "../testing/fake-client.ts";
import { createStudio } from "./create-studio.ts";

const asked = { ...request, prompt: "a star", seed: 5, steps: 3 };
const record = { ...clip("a").record, request: asked } as GenerationRecord;
const film = { id: "film", kind: "video", name: "film.mp4" } as Media;

const here = (id: string, kind: "picture" | "sound", version: string) =>
  ({ id, kind, version, name: id, isThere: true, width: 64, height: 64, seconds: 2 }) as never;

function open(answers: Parameters<typeof fakeClient>[0] = {}) {
  const fake = fakeClient(answers);
  const { studio, stop } = createStudio(fake.client, fakeStorage());
  return { ...fake, studio, stop, state: () => studio.store.getState() };
}

it("what several files say is offered once; sounds are not asked, and a file that cannot be asked says nothing", async () => {
  const { studio, calls, state, stop } = open({
    "exports.records": ({ media }: { media: string }) => {
      if (media === "broken") throw new Error("gone");
      return media === "plain" ? [] : [record];
    },
  });
  const others = ["copy", "plain", "broken"].map((id) => ({ ...film, id, name: `${id}.mp4` }));
  await studio.restore.look([film, ...others, { ...film, id: "tone", kind: "sound" } as Media]);
  expect(state().offer).toEqual({ files: ["film.mp4", "copy.mp4"], records: [record] });
  expect(calls.filter(({ method }) => method === "exports.records")).toHaveLength(4);
  studio.restore.dismiss();
  expect(state().offer).toBeNull();
  stop();
});

it("a record becomes the draft: prompt, seed, size, steps; the number of variations stays", () => {
  const { studio, state, stop } = open();
  studio.store.setState({ models: [model] });
  studio.actions.edit({ prompt: "mine", variations: 4 });
  studio.editUi.setState({ workspace: "edit" });
  studio.restore.use(record);
  expect(state().draft).toMatchObject({ prompt: "a star", seed: 5, seedLocked: true, steps: 3, variations: 4 });
  expect(studio.editUi.getState().workspace).toBe("create");
  studio.actions.edit({ prompt: "mine" });
  studio.restore.use({ ...record, request: { ...asked, prompt: LEFT_OUT, model: "strange" } });
  expect(state().draft).toMatchObject({ prompt: "mine", model: model.id, seed: 5 });
  expect(state().notice?.text).toMatch(/prompt was left out.*not installed here/);
  stop();
});

it("an animation opens its lane on the very picture and sound, whatever they are called here, or says what to drop", () => {
  const { studio, state, stop } = open();
  const keyframes = Array.from({ length: 12 }, (_, n) => 4 * n);
  const animation = {
    schema: "plume.animation/1",
    request: { picture: "p1", sound: "s1", from: 0, frames: 48, prompt: "sway", seed: 9, width: 64, height: 64 },
    inputs: { picture: { name: "cat.png", version: "cat" }, sound: { name: "", version: "drum" } },
  };
  const rest = { preset: "draft", follow: "kick", focus: { x: 0.5, y: 0.5 }, straight: true, rolls: [] };
  const segments = [{ start: 0, keyframes }];
  const full = { ...animation, request: { ...animation.request, ...rest, segments } } as unknown as AnimationRecord;
  studio.restore.use(full);
  expect(state().lane).toBeNull();
  expect(state().notice?.text).toBe(
    "Drop the picture “cat.png” and the sound it was made from here first, then this file again.",
  );
  studio.store.setState({
    media: [here("x", "picture", "cat"), here("y", "sound", "drum"), here("p1", "picture", "z")],
  });
  studio.restore.use(full);
  expect(state().lane).toMatchObject({
    picture: "x",
    sound: "y",
    seed: 9,
    prompt: "sway",
    follow: "kick",
    starts: [0],
  });
  expect(state().lane?.keyframes).toHaveLength(12);
  stop();
});
