/** A quantity of a sound over time, at an even rate. */
export interface Envelope {
  /** Values per second; value i belongs to the time i / rate. */
  readonly rate: number;
  readonly values: Float32Array;
}

/** Linear interpolation of an envelope on another grid: value i of the result belongs to the time i / rate. */
export function resampleEnvelope(envelope: Envelope, rate: number, count: number): Float32Array {
  const { values } = envelope;
  const last = values.length - 1;
  return Float32Array.from({ length: count }, (_, i) => {
    if (last < 0) return 0;
    const at = Math.min(last, (i / rate) * envelope.rate);
    const below = Math.floor(at);
    const above = Math.min(last, below + 1);
    return values[below]! + (values[above]! - values[below]!) * (at - below);
  });
}

/** Largest value of an envelope around each point of a coarser grid, so that a short peak is not missed between two points. */
export function peakHold(envelope: Envelope, rate: number, count: number): Float32Array {
  const { values } = envelope;
  const half = envelope.rate / rate / 2;
  return Float32Array.from({ length: count }, (_, i) => {
    const centre = (i / rate) * envelope.rate;
    const from = Math.max(0, Math.ceil(centre - half));
    const to = Math.min(values.length - 1, Math.ceil(centre + half) - 1);
    let peak = 0;
    for (let k = from; k <= to; k++) peak = Math.max(peak, values[k]!);
    return peak;
  });
}
