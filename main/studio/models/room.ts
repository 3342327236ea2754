import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { type CatalogueEntry, installedBytes, StudioError, type WeightFormat } from "../../../core/contract/index.ts";

/** What must stay free beside models, so that the rest of the computer goes on. */
export const SPARE_BYTES = 512 * 2 ** 20;
export const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);

/** Free bytes of the disk that a folder lies on or will lie on; null: it does not say. */
export async function freeBytes(folder: string): Promise<number | null> {
  for (let place = folder; ; place = dirname(place)) {
    const room = await statfs(place).catch(() => null);
    if (room !== null) return room.bavail * room.bsize;
    if (dirname(place) === place) return null;
  }
}

/**
 * Bytes that installing an entry takes at its peak: what is still to be fetched, the model that it becomes, and smaller weights beside
 * it while they are measured against the published ones.
 */
export const roomFor = (entry: CatalogueEntry, bytesLeft: number, weights: WeightFormat = "fp32"): number => {
  const whole = entry.needs.installedBytes;
  const smaller = weights === "fp32" ? 0 : (installedBytes(entry, weights) ?? whole);
  return Math.max(0, bytesLeft) + whole + smaller + SPARE_BYTES;
};

/** Errors: DISK_FULL saying what is needed and what is there. */
export async function demandRoom(
  folder: string,
  entry: CatalogueEntry,
  bytesLeft: number,
  weights?: WeightFormat,
): Promise<void> {
  const free = await freeBytes(folder);
  const needed = roomFor(entry, bytesLeft, weights);
  if (free === null || free >= needed) return;
  throw new StudioError(
    "DISK_FULL",
    `${entry.name} needs ${gigabytes(needed)} GB (${gigabytes(Math.max(0, bytesLeft))} GB to fetch, ${gigabytes(needed - Math.max(0, bytesLeft) - SPARE_BYTES)} GB to install it, and some to spare), and ${gigabytes(free)} GB are free: make room, or move the models to another disk.`,
  );
}
