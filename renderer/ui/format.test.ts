import { expect, test } from "vitest";
import {
  formatBytes,
  formatCount,
  formatEstimate,
  formatLength,
  formatMemory,
  formatMoment,
  formatSeconds,
  plural,
  timecode,
} from "./format.ts";
import { etaWords, phaseWords } from "./words.ts";

test.each([
  [formatBytes(0), "0 bytes"],
  [formatBytes(999), "999 bytes"],
  [formatBytes(12_400), "12.4 kB"],
  [formatBytes(27_000_000), "27.0 MB"],
  [formatBytes(250_000_000), "250 MB"],
  [formatBytes(1.4e9), "1.4 GB"],
  [formatMemory(11.4e9), "11 GB"],
  [formatMemory(1.5e9), "1.5 GB"],
  [formatMemory(240e6), "240 MB"],
  [formatSeconds(0.4), "0.40 s"],
  [formatSeconds(12.43), "12.4 s"],
  [formatSeconds(59.96), "1 min 00 s"],
  [formatSeconds(185), "3 min 05 s"],
  [formatEstimate(3000), "a few seconds"],
  [formatEstimate(21_000), "about 25 s"],
  [formatEstimate(59_000), "about 1 min"],
  [formatEstimate(170_000), "about 3 min"],
  [formatEstimate(5_400_000), "about 1.5 h"],
  [formatLength(16, 8), "2.0 s"],
  [formatLength(26, 24), "1.08 s"],
  [formatCount(8_400_000), "8.4 million"],
  [formatCount(700_000_000), "700.0 million"],
  [formatCount(1_200_000_000), "1.2 billion"],
  [plural(1, "clip"), "1 clip"],
  [plural(3, "clip"), "3 clips"],
  [timecode(0, 8), "00:00:00"],
  [timecode(15, 8), "00:01:07"],
  [timecode(61 * 24 + 3, 24), "01:01:03"],
])("%s", (actual, expected) => {
  expect(actual).toBe(expected);
});

test("moments of today are told by the clock, others with their day", () => {
  const now = new Date(2026, 0, 2, 12);
  expect(formatMoment(new Date(2026, 0, 2, 9, 5).toISOString(), now)).toMatch(/^today .*9:05/);
  expect(formatMoment(new Date(2026, 0, 1, 9, 5).toISOString(), now)).toMatch(/1.*9:05/);
});

test("progress is told in words, and time only when it is known", () => {
  const progress = { phase: "denoise" as const, done: 3, total: 8, fraction: 0.3, etaMs: null };
  expect(phaseWords(progress)).toBe("Step 3 of 8");
  expect(phaseWords({ ...progress, phase: "load", total: 0 })).toBe("Loading the model");
  expect(phaseWords({ ...progress, phase: "decode", done: 5, total: 16 })).toBe("Drawing frames · 5 of 16");
  expect(etaWords(progress)).toBeNull();
  expect(etaWords({ ...progress, etaMs: 21_000 })).toBe("about 25 s left");
});
