/** Bytes of H.264 as MP4 and Matroska carry it: NAL units with their lengths before them (ISO/IEC 14496-15). */

export interface ParameterSets {
  /** Bytes of a NAL unit's length in this stream. */
  readonly lengthSize: number;
  /** SPS and PPS, each without its length. */
  readonly units: readonly Uint8Array[];
}

/** Types of NAL units (ITU-T H.264, table 7-1). */
const IDR = 5;
const SPS = 7;
const PPS = 8;

/** Reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1). */
export function readParameterSets(record: Uint8Array): ParameterSets {
  const view = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const units: Uint8Array[] = [];
  let at = 6;
  const read = (count: number): void => {
    for (let n = 0; n < count; n++) {
      const length = view.readUInt16BE(at);
      units.push(view.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  };
  read(view[5]! & 31);
  const count = view[at]!;
  at += 1;
  read(count);
  return { lengthSize: (view[4]! & 3) + 1, units };
}

/** Whether a packet's picture begins the decoder anew: some encoders call pictures key frames that lean on earlier ones. */
export function hasIdr(data: Uint8Array, { lengthSize }: ParameterSets): boolean {
  const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at + lengthSize < view.length; at += lengthSize + view.readUIntBE(at, lengthSize))
    if ((view[at + lengthSize]! & 31) === IDR) return true;
  return false;
}

/**
 * The packet's NAL units with 4 bytes of length each; where the decoder begins anew, after the parameter sets, so that pictures of
 * different encoders can stand in one stream.
 */
export function withSets(data: Uint8Array, sets: ParameterSets): Uint8Array {
  const { lengthSize, units } = sets;
  const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const begins = hasIdr(data, sets);
  if (!begins && lengthSize === 4) return data;
  const parts: Uint8Array[] = begins ? [...units] : [];
  for (let at = 0; at + lengthSize <= view.length; ) {
    const length = view.readUIntBE(at, lengthSize);
    const unit = view.subarray(at + lengthSize, at + lengthSize + length);
    const type = (unit[0] ?? 0) & 31;
    // Its own parameter sets are those that were put before it.
    if (!begins || (type !== SPS && type !== PPS)) parts.push(unit);
    at += lengthSize + length;
  }
  const out = Buffer.alloc(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  let to = 0;
  for (const part of parts) {
    out.writeUInt32BE(part.length, to);
    out.set(part, to + 4);
    to += 4 + part.length;
  }
  return out;
}
