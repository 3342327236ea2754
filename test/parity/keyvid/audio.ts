/** Sound: resampling, the reference's clip, the mel spectrogram and what it is made with. */
import { resampleSound } from "../../../core/sound/index.ts";
import { melBanks, melSpectrogram, melWindow, referenceClip, SOUND_RATE } from "../../../native-models/keyvid/mel.ts";
import { type Check, stemOf, wanted } from "./context.ts";
import { absolute, number, toleranceOf } from "./manifest.ts";
import { readWav } from "./wav.ts";

export const checkMelFilters: Check = async ({ report }, file, entry) => {
  const stem = stemOf(entry.file);
  const tolerance = toleranceOf(entry);
  report.check(`${stem}.banks`, melBanks(), (await wanted<[number, number]>(file, "banks", 2)).data, tolerance);
  report.check(`${stem}.window`, melWindow(), (await wanted<[number]>(file, "window", 1)).data, tolerance);
};

/** Beside `audio/NAME.safetensors` lies the sound that it was made from, `audio/NAME.wav`. */
export const checkSound: Check = async (context, file, entry) => {
  const { report } = context;
  const stem = stemOf(entry.file);
  const recorded = context.entry(`${stem}.wav`);
  const sound = await readWav(context.path(recorded.file));
  const resampled = resampleSound(sound, SOUND_RATE);
  const clip = referenceClip(sound);
  const total = resampled.channels[0]!.length;
  report.check(
    `${stem}.lengths`,
    [total, clip.channels[0]!.length],
    [number(recorded, "samples_16k_total"), number(recorded, "clip_samples")],
    { pass: { exact: true }, tight: {} },
  );
  if (file.has("resampled_16k_head")) {
    const { shape, data } = await wanted<[number, number]>(file, "resampled_16k_head", 2);
    const head = resampled.channels.flatMap((samples) => [...samples.subarray(0, shape[1])]);
    report.check(`${stem}.resampled_16k_head`, head, data, absolute(entry, "resample_atol"));
  }
  if (file.has("clip_16k_tail")) {
    const { shape, data } = await wanted<[number, number]>(file, "clip_16k_tail", 2);
    const tail = clip.channels.flatMap((samples) => [...samples.subarray(-shape[1])]);
    report.check(`${stem}.clip_16k_tail`, tail, data, absolute(entry, "resample_atol"));
  }
  report.check(`${stem}.mel`, melSpectrogram(clip), (await file.get("mel")).data, toleranceOf(entry));
};
