/** Reads this many bytes at this place of a file; fewer at its end. */
export type ReadAt = (at: number, count: number) => Promise<Buffer>;

/** A packet larger than this is none of ours. */
export const MAX_PACKET = 16 * 2 ** 20;
