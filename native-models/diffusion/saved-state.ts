/** The state of a denoising run as bytes, so that a run that was killed goes on from its last step to the same bits. */

/** Everything that a run needs to go on, besides its inputs. */
export interface SavedRun {
  /** Steps that are done. */
  readonly done: number;
  /** Plain numbers that belong to it. */
  readonly numbers: readonly number[];
  /** All of one length. */
  readonly arrays: readonly Float32Array[];
}

/** Runs write their state at most this often, seconds: a short step costs less than writing it down. */
export const SAVE_SECONDS = 2;

const FORMAT = 2;

interface Header {
  readonly format: number;
  /** What the state belongs to: a state of anything else is of no use. */
  readonly of: string;
  readonly done: number;
  readonly numbers: readonly number[];
  readonly arrays: number;
  /** Numbers of each array. */
  readonly length: number;
}

/**
 * Length of the JSON header (uint32, little endian), the header, padding to four bytes, then the arrays as float32.
 * @param of names the run, e.g. a hash of its inputs
 */
export function writeState({ done, numbers, arrays }: SavedRun, of: string): Uint8Array {
  const length = arrays[0]?.length ?? 0;
  const header: Header = { format: FORMAT, of, done, numbers, arrays: arrays.length, length };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = 4 * Math.ceil((4 + json.length) / 4);
  const bytes = new Uint8Array(start + arrays.length * length * 4);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  const values = new Float32Array(bytes.buffer, start);
  arrays.forEach((array, i) => values.set(array, i * length));
  return bytes;
}

/** The state that `writeState` wrote, or null for one that is torn, of another version, or of another run. */
export function readState(bytes: Uint8Array, of: string): SavedRun | null {
  const header = readHeader(bytes);
  if (!header || header.format !== FORMAT || header.of !== of) return null;
  const { done, numbers, arrays, length } = header;
  const start = bytes.length - arrays * length * 4;
  const values = new Float32Array(bytes.slice(start).buffer);
  return {
    done,
    numbers,
    arrays: Array.from({ length: arrays }, (_, i) => values.subarray(i * length, (i + 1) * length)),
  };
}

function readHeader(bytes: Uint8Array): Header | null {
  if (bytes.length < 4) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  if (4 + length > bytes.length) return null;
  try {
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as Header;
    const expected = 4 * Math.ceil((4 + length) / 4) + header.arrays * header.length * 4;
    return bytes.length === expected ? header : null;
  } catch {
    return null;
  }
}
