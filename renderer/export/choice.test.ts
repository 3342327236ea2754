import { expect, it } from "vitest";
import { exportSettingsSchema, presets } from "../../core/export/index.ts";
import { newTimeline } from "../../core/timeline/index.ts";
import { exchangeOf, firstChoice, isChanged, loadChoice, saveChoice, settingsOf, withPreset } from "./choice.ts";

const document = newTimeline("Film", { width: 1080, height: 1920 });
const noMarks = { inPoint: null, outPoint: null };
const made = (choice: typeof firstChoice, marks: { inPoint: number | null; outPoint: number | null } = noMarks) =>
  settingsOf(choice, document, marks, 1000);

it("every preset in every container that is offered for it makes settings that hold together", () => {
  for (const { id } of presets)
    for (const container of [null, "mp4", "mov", "webm", "mkv"] as const) {
      const films = ["mp4", "mov", "webm", "mkv"];
      if (container !== null && !films.includes(made({ ...firstChoice, preset: id }).container)) continue;
      const choice = { ...firstChoice, preset: id, container, video: { bitrate: 900, alpha: true } };
      const checked = exportSettingsSchema.safeParse(made(choice));
      expect([id, container, checked.error?.issues]).toEqual([id, container, undefined]);
    }
});

it("marks bound the range only when they are asked for, and sound can be left out", () => {
  const choice = { ...firstChoice, marked: true, audio: "none" as const };
  expect(made(choice, { inPoint: 100, outPoint: null })).toMatchObject({
    range: { start: 100, duration: 900 },
    audio: null,
  });
  expect(made({ ...choice, marked: false }, { inPoint: 100, outPoint: 200 }).range).toBeNull();
  expect(made(choice).range).toBeNull();
});

it("what was chosen is there after a restart, but for what belonged to one film; damage costs only what is damaged", () => {
  const values = new Map<string, string>();
  const storage = {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (k: string, v: string) => void values.set(k, v),
  };
  const choice = { ...firstChoice, preset: "webm", record: "without-prompts" as const, video: { quality: 30 } };
  saveChoice(storage, { ...choice, poster: 7, marked: true });
  expect(loadChoice(storage)).toEqual(choice);
  const [key] = [...values.keys()];
  values.set(key!, JSON.stringify({ ...choice, video: { quality: "much" } }));
  expect(loadChoice(storage)).toEqual({ ...choice, video: {} });
  values.set(key!, "{");
  expect(loadChoice(storage)).toEqual(firstChoice);
});

it("another preset begins anew; what concerns every file stays", () => {
  const choice = { ...firstChoice, container: "mkv" as const, record: "none" as const, video: { bitrate: 900 } };
  expect(isChanged(choice)).toBe(true);
  const next = withPreset(choice, "edl");
  expect(isChanged(next)).toBe(false);
  expect(next.record).toBe("none");
  expect([exchangeOf(next), exchangeOf(choice)]).toEqual(["edl", null]);
});
