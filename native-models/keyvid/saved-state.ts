/** The state of a denoising run as bytes, so that a run that was killed goes on from its last step to the same bits. */
import type { Answer, SamplerState } from "./sample.ts";

const FORMAT = 1;

interface Header {
  readonly format: number;
  /** What the state belongs to: a state of anything else is of no use. */
  readonly of: string;
  readonly done: number;
  readonly angles: readonly number[];
  /** Numbers of each array. */
  readonly length: number;
}

/**
 * Length of the JSON header (uint32, little endian), the header, padding to four bytes, then float32: the sample, and the clean clip of
 * each answer.
 * @param of names the run, e.g. a hash of its inputs
 */
export function writeState(state: SamplerState, of: string): Uint8Array {
  const { done, sample, answers } = state;
  const header: Header = {
    format: FORMAT,
    of,
    done,
    angles: answers.map(({ angle }) => angle),
    length: sample.length,
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = 4 * Math.ceil((4 + json.length) / 4);
  const arrays = [sample, ...answers.map(({ clean }) => clean)];
  const bytes = new Uint8Array(start + arrays.length * sample.length * 4);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  const values = new Float32Array(bytes.buffer, start);
  arrays.forEach((array, i) => values.set(array, i * sample.length));
  return bytes;
}

/** The state that `writeState` wrote, or null for one that is torn, of another version, or of another run. */
export function readState(bytes: Uint8Array, of: string): SamplerState | null {
  const header = readHeader(bytes);
  if (!header || header.format !== FORMAT || header.of !== of) return null;
  const { done, angles, length } = header;
  const count = 1 + angles.length;
  const start = bytes.length - count * length * 4;
  if (start < 4) return null;
  const values = new Float32Array(bytes.slice(start).buffer);
  const array = (i: number) => values.subarray(i * length, (i + 1) * length);
  const answers = angles.map((angle, i): Answer => ({ angle, clean: array(1 + i) }));
  return { done, sample: array(0), answers };
}

function readHeader(bytes: Uint8Array): Header | null {
  if (bytes.length < 4) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  if (4 + length > bytes.length) return null;
  try {
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as Header;
    const expected = 4 * Math.ceil((4 + length) / 4);
    return bytes.length === expected + (1 + header.angles.length) * header.length * 4 ? header : null;
  } catch {
    return null;
  }
}
