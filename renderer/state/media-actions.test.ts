import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { type Media, type MediaStatus, StudioError } from "../../core/contract/index.ts";
import type { MediaReference } from "../../core/timeline/index.ts";
import { fakeClient, fakeStorage } from "../testing/fake-client.ts";
import { createStudio } from "./create-studio.ts";
import { fingerprintOf, sequenceFingerprintOf } from "./fingerprint.ts";
import type { PickedFile } from "./pick-files.ts";

const file = (name: string, content = name, folder = ""): PickedFile => ({ file: new File([content], name), folder });
const change = { id: "p", from: 0, revision: 1, patch: [], steps: { undo: null, redo: null } };

const missing = async (id: string, content: string): Promise<MediaReference> =>
  ({ id, name: `${id}.mp4`, fingerprint: await fingerprintOf(new Blob([content])) }) as MediaReference;

function open(refuse: readonly string[] = []) {
  const fake = fakeClient({
    addMedia: ({ name }: File) => {
      if (refuse.includes(name)) throw new StudioError("MEDIA_UNREADABLE", `“${name}” cannot be read.`);
      return { id: `id-${name.replace(/\W/g, "")}`, kind: "picture" };
    },
    "media.assemble": () => ({ id: "sequence", kind: "video" }),
    "projects.useMedia": () => change,
    "projects.list": () => [],
    "projects.create": () => ({
      id: "p",
      name: "Untitled",
      readOnly: null,
      notice: null,
      revision: 0,
      durable: 0,
      document: null,
      steps: change.steps,
    }),
  });
  const { studio, stop } = createStudio(fake.client, fakeStorage());
  return { ...fake, studio, stop };
}

it("everything readable comes in, and the rest is named with a reason", async () => {
  const { studio, calls, stop } = open(["bad.mp4", "worse.mp4"]);
  studio.project.ensure = async () => "p";
  const ids = await studio.media.importFiles([file("a.png"), file("bad.mp4"), file("worse.mp4"), file("b.png")]);
  expect(ids.toSorted()).toEqual(["id-apng", "id-bpng"]);
  expect(calls.find(({ method }) => method === "projects.useMedia")?.input).toEqual({ id: "p", media: ids });
  const { notice, adding } = studio.store.getState();
  expect(notice).toMatchObject({
    kind: "problem",
    text: "“bad.mp4” cannot be read. Not read either: “worse.mp4”. The other 2 files were added.",
  });
  expect(adding).toBe(0);
  stop();
});

it("numbered pictures of one folder become one film", async () => {
  const { studio, calls, stop } = open();
  studio.project.ensure = async () => "p";
  const frames = Array.from({ length: 12 }, (_, n) => file(`f${String(n).padStart(3, "0")}.png`, "x", "shoot"));
  expect(await studio.media.importFiles([...frames, file("single.png")])).toContain("sequence");
  expect(calls.filter(({ method }) => method === "addFrame").length).toBe(12);
  expect(calls.filter(({ method }) => method === "addMedia").length).toBe(1);
  expect(calls.find(({ method }) => method === "media.assemble")?.input).toMatchObject({ rate: 24 });
  stop();
});

it("missing media are found by what they are, and only they are handed over", async () => {
  const { studio, calls, stop } = open();
  const lost = [await missing("one", "first film"), await missing("two", "other film")];
  await studio.media.locate(lost, [
    file("renamed.mp4", "first film"),
    file("same-size.mp4", "first-film"),
    file("x", "y"),
  ]);
  expect(calls.filter(({ method }) => method === "addMedia")).toEqual([{ method: "addMedia", input: "renamed.mp4" }]);
  expect(studio.store.getState().notice?.text).toBe("Found 1 of 2; “two.mp4” is still missing.");
  stop();
});

it("a file that the project misses comes in as what is missed, not a second time", async () => {
  const { studio, calls, stop } = open();
  studio.project.ensure = async () => "p";
  const added: unknown[] = [];
  studio.client.addMedia = async (given, as) => {
    added.push([given.name, as]);
    return { id: as ?? "new", kind: "picture" } as Media;
  };
  const lost = await missing("lost", "the film");
  const document = { ...studio.project.store.getState().document, media: { lost } };
  studio.project.store.setState({ document });
  studio.mediaStatus.store.setState({ lost: { id: "lost", isOnline: false } as MediaStatus });
  await studio.media.importFiles([file("again.mp4", "the film"), file("other.mp4", "a film x")]);
  expect(added).toEqual([
    ["again.mp4", "lost"],
    ["other.mp4", undefined],
  ]);
  expect(calls.find(({ method }) => method === "projects.useMedia")?.input).toMatchObject({ media: ["lost", "new"] });
  stop();
});

it("a missing sequence is found as a whole", async () => {
  const { studio, calls, stop } = open();
  const frames = Array.from({ length: 12 }, (_, n) => file(`f${String(n).padStart(3, "0")}.png`, `picture ${n}`, "x"));
  const fingerprint = await sequenceFingerprintOf(frames.map((each) => each.file));
  const lost = { id: "seq", name: "f", rate: { numerator: 25, denominator: 1 }, fingerprint } as MediaReference;
  await studio.media.locate([lost], [...frames.toReversed(), file("other.png")]);
  expect(calls.find(({ method }) => method === "media.assemble")?.input).toMatchObject({ rate: 25, as: "seq" });
  expect(studio.store.getState().notice?.text).toBe("Found “f”.");
  stop();
});

it("a file's fingerprint is the one that the studio takes: all of a small one, both ends of a large one", async () => {
  const bytes = Buffer.alloc(200_000, 7);
  bytes[100_000] = 9;
  const sha256 = createHash("sha256").update(bytes.subarray(0, 65_536)).update(bytes.subarray(-65_536)).digest("hex");
  expect(await fingerprintOf(new Blob([bytes]))).toEqual({ bytes: 200_000, sha256 });
  const small = Buffer.from("small");
  expect((await fingerprintOf(new Blob([small]))).sha256).toBe(createHash("sha256").update(small).digest("hex"));
});
