/**
 * What KeyVID hears: two seconds of sound as a normalised log-mel spectrogram (ImageBind's audio input; KEYVID.md, 2.1).
 *
 * Sources: Kaldi's filter bank features as `torchaudio.compliance.kaldi.fbank` computes them; R. Girdhar et al., "ImageBind" (2023) for
 * mean, deviation and size.
 */
import { PowerSpectrum } from "../../core/sound/fft.ts";
import { hertzToMel } from "../../core/sound/mel-scale.ts";
import { resampleSound } from "../../core/sound/resample.ts";
import { cutSound, type Sound, sampleCount } from "../../core/sound/sound.ts";
import { LOCALIZER_COLUMNS, MEL_BANDS, MEL_COLUMNS } from "./config.ts";

export const SOUND_RATE = 16_000;
/** Samples of one clip: 2 s. */
export const CLIP_SAMPLES = 2 * SOUND_RATE;

const FRAME = 400;
const SHIFT = 160;
const PADDED = 512;
/** Bin 256, half the sampling rate, has no weight in Kaldi's banks. */
export const MEL_BINS = PADDED / 2;
const PRE_EMPHASIS = 0.97;
const [LOWEST_HZ, HIGHEST_HZ] = [20, SOUND_RATE / 2];
/** float32's epsilon: the floor before the logarithm. */
const LOG_FLOOR = 2 ** -23;
const [MEAN, DEVIATION] = [-4.268, 9.138];

/** Kaldi's triangular filters, [128, 256] row by row: evenly spaced on the mel scale with slopes linear in mel. */
export function melBanks(): Float32Array {
  const lowest = hertzToMel(LOWEST_HZ);
  const step = (hertzToMel(HIGHEST_HZ) - lowest) / (MEL_BANDS + 1);
  return Float32Array.from({ length: MEL_BANDS * MEL_BINS }, (_, i) => {
    const centre = lowest + (Math.floor(i / MEL_BINS) + 1) * step;
    const mel = hertzToMel(((i % MEL_BINS) * SOUND_RATE) / PADDED);
    return Math.max(0, 1 - Math.abs(mel - centre) / step);
  });
}

/** Symmetric Hann window, [400]. */
export function melWindow(): Float32Array {
  return Float32Array.from({ length: FRAME }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (FRAME - 1)));
}

/** The filter bank with what it needs, computed once. */
class FilterBank {
  readonly #spectrum = new PowerSpectrum(PADDED);
  readonly #power = new Float64Array(this.#spectrum.bins);
  readonly #window = melWindow();
  readonly #rows = sparseRows(melBanks());

  /** Log-mel energies of one frame of 400 samples, written to `put(band, value)`. */
  frame(samples: Float32Array, put: (band: number, value: number) => void): void {
    const mean = samples.reduce((sum, value) => sum + value, 0) / FRAME;
    const shaped = new Float64Array(FRAME);
    for (let i = 0; i < FRAME; i++) {
      const previous = samples[Math.max(0, i - 1)]! - mean;
      shaped[i] = (samples[i]! - mean - PRE_EMPHASIS * previous) * this.#window[i]!;
    }
    this.#spectrum.of(shaped, this.#power);
    this.#rows.forEach(({ first, weights }, band) => {
      const energy = weights.reduce((sum, weight, k) => sum + weight * this.#power[first + k]!, 0);
      put(band, Math.log(Math.max(energy, LOG_FLOOR)));
    });
  }
}

function sparseRows(banks: Float32Array): { first: number; weights: Float32Array }[] {
  return Array.from({ length: MEL_BANDS }, (_, band) => {
    const row = banks.subarray(band * MEL_BINS, (band + 1) * MEL_BINS);
    const first = row.findIndex((weight) => weight > 0);
    return first < 0
      ? { first: 0, weights: new Float32Array(0) }
      : { first, weights: row.subarray(first, row.findLastIndex((weight) => weight > 0) + 1) };
  });
}

let filterBank: FilterBank | undefined;

/**
 * The middle 2 s of a sound at 16 kHz, or all of a shorter one, as the network's input: the mean over all channels is taken off, the
 * first channel is analysed, complete frames only; columns beyond the sound are padded with the value 0 before normalisation.
 * @returns [128, 204]
 */
export function melSpectrogram(sound: Sound): Float32Array {
  const clip = middle(sound);
  const samples = centred(clip);
  const frames = Math.max(0, Math.min(MEL_COLUMNS, 1 + Math.floor((samples.length - FRAME) / SHIFT)));
  const mel = new Float32Array(MEL_BANDS * MEL_COLUMNS).fill(-MEAN / DEVIATION);
  filterBank ??= new FilterBank();
  for (let frame = 0; frame < frames; frame++) {
    filterBank.frame(samples.subarray(frame * SHIFT, frame * SHIFT + FRAME), (band, value) => {
      mel[band * MEL_COLUMNS + frame] = (value - MEAN) / DEVIATION;
    });
  }
  return mel;
}

/** The spectrogram without its padding, [128, 198], which is what the localiser takes. */
export function withoutPadding(mel: Float32Array): Float32Array {
  return mel.filter((_, i) => i % MEL_COLUMNS < LOCALIZER_COLUMNS);
}

function middle(sound: Sound): Sound {
  const excess = sampleCount(sound) - CLIP_SAMPLES;
  return excess > 0 ? cutSound(sound, Math.floor(excess / 2), CLIP_SAMPLES) : sound;
}

/** The first channel less the mean over all channels and samples. */
function centred({ channels }: Sound): Float32Array {
  const [first = new Float32Array(0)] = channels;
  let sum = 0;
  for (const channel of channels) for (const value of channel) sum += value;
  const mean = Math.fround(sum / Math.max(1, first.length * channels.length));
  return first.map((value) => value - mean);
}

/**
 * The clip that the reference takes from a file: 2 s out of its middle at 16 kHz, all of it when it is shorter.
 * @param sound any rate and channel count
 */
export function referenceClip(sound: Sound): Sound {
  const start = Math.max(0, Math.floor(((sampleCount(sound) / sound.sampleRate - 2) / 2) * SOUND_RATE));
  const resampled = resampleSound(sound, SOUND_RATE);
  return cutSound(resampled, start, Math.min(CLIP_SAMPLES, sampleCount(resampled) - start));
}

/**
 * The first 2 s of a sound at 16 kHz, silence after a shorter one. The reference pads its spectrogram instead, with a value that stands
 * for loud noise; a user who gives half a second of sound means half a second of sound.
 * @param sound any rate and channel count
 */
export function segmentClip(sound: Sound): Sound {
  const needed = Math.ceil((CLIP_SAMPLES / SOUND_RATE) * sound.sampleRate);
  return cutSound(resampleSound(cutSound(sound, 0, needed), SOUND_RATE), 0, CLIP_SAMPLES);
}
