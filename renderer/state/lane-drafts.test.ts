import { quietQueue } from "../../core/testing/samples.ts";
import { expect, test, vi } from "vitest";
import type { Media, PictureMedia, SoundMedia } from "../../core/contract/index.ts";
import { fromSegments, moveKeyframe } from "../motion-lane/keyframes.ts";
import { fakeClient, fakeStorage } from "../testing/fake-client.ts";
import { createStudio } from "./create-studio.ts";

const common = { bytes: 1, isThere: true, addedAt: "2026-01-01T00:00:00.000Z", note: null } as const;
const picture: PictureMedia = {
  ...common,
  kind: "picture",
  id: "p",
  name: "logo.png",
  version: "p1",
  width: 64,
  height: 64,
  alpha: false,
};
const sound: SoundMedia = {
  ...common,
  kind: "sound",
  id: "s",
  name: "beat.wav",
  version: "s1",
  seconds: 2,
  sampleRate: 44_100,
  channels: 1,
  layout: "mono",
};
const spread = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44];
const curve = Array.from({ length: 48 }, (_, n) => n / 48);
const analysis = {
  version: "s1",
  beats: [],
  onsets: [],
  tempo: null,
  note: null,
  soundSeconds: 2,
  curves: { onset: curve },
};

/** A window on a studio with a picture and a sound, over the storage that the last window left. */
async function openWindow(storage: ReturnType<typeof fakeStorage>, media: Media[] = [picture, sound]) {
  const fake = fakeClient({
    "media.list": () => media,
    "sound.analyze": () => analysis,
    "animation.plan": () => ({ follow: "predicted", curve, segments: [{ start: 0, keyframes: spread }] }),
  });
  const { studio, stop } = createStudio(fake.client, storage);
  fake.tell({ type: "hello", jobs: [], models: [], queue: quietQueue });
  await vi.waitFor(() => expect(studio.store.getState().media).toHaveLength(media.length));
  const lane = () => studio.store.getState().lane;
  const isQuiet = () => vi.waitFor(() => expect(lane()).toMatchObject({ busy: null }));
  return { ...fake, studio, stop, lane, isQuiet, animations: studio.actions.animations };
}

/** A first window in which a keyframe was moved and words were written; then it is closed. */
async function work(storage: ReturnType<typeof fakeStorage>) {
  const first = await openWindow(storage);
  expect(first.lane()).toBeNull();
  first.animations.openLane("p", "s");
  await first.isQuiet();
  first.animations.setKeyframes(moveKeyframe(fromSegments([{ start: 0, keyframes: spread }]), 3, 14).keyframes);
  first.animations.editLane({ prompt: "jump", preset: "draft", seed: 77 });
  first.stop();
}

test("a lane is there after a reload as it was left, open if it was open", async () => {
  const storage = fakeStorage();
  await work(storage);
  const again = await openWindow(storage);
  await again.isQuiet();
  expect(again.lane()).toMatchObject({ picture: "p", sound: "s", prompt: "jump", preset: "draft", seed: 77, curve });
  expect(again.lane()?.keyframes[3]).toEqual({ frame: 14, segment: 0, isFixed: true });
  again.animations.closeLane();
  again.stop();

  const closed = await openWindow(storage);
  expect(closed.lane()).toBeNull();
  closed.animations.openLane("p", "s");
  await closed.isQuiet();
  expect(closed.lane()?.keyframes[3]).toMatchObject({ frame: 14 });
  closed.stop();
});

test("another sound under the same name starts afresh; what is gone is not opened; damage costs the draft only", async () => {
  const storage = fakeStorage();
  await work(storage);
  const other = await openWindow(storage, [picture, { ...sound, version: "s2" }]);
  await other.isQuiet();
  expect(other.lane()).toMatchObject({ prompt: "", preset: null });
  expect(other.lane()?.keyframes[3]).toMatchObject({ frame: 12, isFixed: false });
  other.animations.closeLane();
  other.stop();

  const left = fakeStorage();
  await work(left);
  const gone = await openWindow(left, [picture]);
  expect(gone.lane()).toBeNull();
  gone.stop();
  for (const damaged of ["no json", '{"open":7,"lanes":[{"picture":1}]}', '{"lanes":"all"}']) {
    const window = await openWindow(fakeStorage({ "plume.lanes/1": damaged }));
    expect(window.lane()).toBeNull();
    window.animations.openLane("p", "s");
    await window.isQuiet();
    expect(window.lane()?.keyframes).toHaveLength(12);
    window.stop();
  }
});

test("keyframes that the user places while the studio looks for the others stay where they were put", async () => {
  const window = await openWindow(fakeStorage());
  window.animations.openLane(picture.id, sound.id);
  await window.isQuiet();
  window.animations.setFollow("kick");
  expect(window.lane()).toMatchObject({ busy: "planning" });
  window.animations.setKeyframes(moveKeyframe(window.lane()!.keyframes, 3, 14).keyframes);
  await window.isQuiet();
  const asked = window.calls.flatMap(({ method, input }) => (method === "animation.plan" ? [input] : []));
  expect(asked.slice(-2)).toMatchObject([{ fixed: [] }, { fixed: [14] }]);
});
