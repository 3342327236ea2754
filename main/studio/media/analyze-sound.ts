import { ANIMATION_FPS, type SoundAnalysis, type SoundMedia, type SoundRange } from "../../../core/contract/index.ts";
import {
  findOnsets,
  followCurve,
  onsetEnvelope,
  peakPyramid,
  peaksForColumns,
  resampleEnvelope,
  type Sound,
  trackBeats,
} from "../../../core/sound/index.ts";
import type { DecodedSound } from "../../media/index.ts";

/** Columns of a waveform: enough for two to a pixel on a wide screen, few enough for JSON. */
const COLUMNS = 2400;
/** Below this no sample is heard: quieter than 16 bits can say. */
const SILENCE = 1 / 32_768;

/** True when nothing can be heard in it. */
export function isSilent({ channels }: DecodedSound): boolean {
  return channels.every((plane) => plane.every((value) => Math.abs(value) <= SILENCE));
}

/** Everything that the motion lane shows of a stretch of sound. Pure. */
export function analyzeSound(media: SoundMedia, range: SoundRange, decoded: DecodedSound): SoundAnalysis {
  const sound: Sound = { sampleRate: decoded.sampleRate, channels: decoded.channels };
  const seconds = range.frames / ANIMATION_FPS;
  const columns = peaksForColumns(peakPyramid(sound), 0, seconds, Math.min(COLUMNS, range.frames * 24));
  const envelope = onsetEnvelope(sound);
  const { tempo, seconds: beats } = trackBeats(envelope);
  const onset = resampleEnvelope(envelope, ANIMATION_FPS, range.frames);
  const highest = onset.reduce((best, value) => Math.max(best, value), 1e-6);
  return {
    version: media.version,
    range,
    peaks: { low: columns.map(([low]) => rounded(low)), high: columns.map(([, high]) => rounded(high)) },
    onsets: findOnsets(envelope).map(({ seconds: time, strength }) => ({ time, strength })),
    beats: [...beats],
    tempo,
    curves: {
      loudness: curve(followCurve(sound, "loudness", ANIMATION_FPS, range.frames)),
      kick: curve(followCurve(sound, "kick", ANIMATION_FPS, range.frames)),
      voice: curve(followCurve(sound, "voice", ANIMATION_FPS, range.frames)),
      onset: curve(onset.map((value) => value / highest)),
    },
    soundSeconds: decoded.filled / decoded.sampleRate,
    note: note(media, range, decoded),
  };
}

function note(media: SoundMedia, range: SoundRange, decoded: DecodedSound): string | null {
  if (isSilent(decoded)) return "This stretch is silent, so nothing in it can move the picture: choose another part.";
  const seconds = range.frames / ANIMATION_FPS;
  const filled = decoded.filled / decoded.sampleRate;
  if (filled < seconds - 1 / ANIMATION_FPS)
    return `The sound lasts ${spoken(filled)} from here; the rest of the clip is silent.`;
  if (media.seconds > seconds + 1 / ANIMATION_FPS)
    return `Uses ${clock(range.from / ANIMATION_FPS)} to ${clock(range.from / ANIMATION_FPS + seconds)} of ${clock(media.seconds)}.`;
  return media.note;
}

const curve = (values: Float32Array): number[] => Array.from(values, rounded);
const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;
const spoken = (seconds: number): string => `${seconds < 1 ? seconds.toFixed(2) : seconds.toFixed(1)} s`;

/** 2.5 → "0:02.5", 10800 → "3:00:00". */
function clock(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const [hours, minutes, rest] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, (tenths % 600) / 10];
  const text = Number.isInteger(rest) ? String(rest).padStart(2, "0") : rest.toFixed(1).padStart(4, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${text}` : `${minutes}:${text}`;
}
