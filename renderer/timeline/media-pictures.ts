import type { MediaStatus } from "../../core/contract/index.ts";
import { type PeakFile, peakColumns, readPeakFile } from "../../core/sound/index.ts";
import type { WindowClient } from "../client/client.ts";
import type { MediaStatusSource } from "../state/media-status.ts";
import type { MediaPictures, PeakColumns, Strip } from "./pictures.ts";

/** Sprites and waveforms in memory; those looked at longest ago go first. An hour of stereo has 2 MB of peaks, a sprite about as much. */
const KEPT = 64;

interface Loaded<T> {
  readonly version: string;
  /** Null while it is on its way, or where it cannot be had. */
  value: T | null;
}

async function fetched(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response;
}

/** Thumbnails and waveforms as the studio has prepared them, fetched when a clip that shows them comes in sight. */
export function createMediaPictures(
  client: WindowClient,
  status: MediaStatusSource,
): MediaPictures & { close(): void } {
  const listeners = new Set<() => void>();
  const strips = new Map<string, Loaded<ImageBitmap>>();
  const posters = new Map<string, Loaded<ImageBitmap>>();
  const peaks = new Map<string, Loaded<PeakFile>>();
  const columns = new Map<string, PeakColumns>();
  const tell = () => {
    for (const listener of listeners) listener();
  };

  function statusOf(media: string): MediaStatus | undefined {
    const known = status.store.getState()[media];
    if (known === undefined) status.want([media]);
    return known;
  }

  function loaded<T>(
    cache: Map<string, Loaded<T>>,
    media: string,
    version: string,
    load: () => Promise<T | null>,
    forget: (value: T) => void,
  ): T | null {
    const there = cache.get(media);
    if (there?.version === version) {
      // What is looked at now is the last to go.
      cache.delete(media);
      cache.set(media, there);
      return there.value;
    }
    const entry: Loaded<T> = { version, value: null };
    cache.set(media, entry);
    for (const [id, { value }] of cache) {
      if (cache.size <= KEPT) break;
      cache.delete(id);
      if (value !== null) forget(value);
    }
    load().then(
      (value) => {
        entry.value = value;
        if (value !== null) tell();
      },
      () => {
        // It came or went in that moment: the next status asks for it again.
        cache.delete(media);
      },
    );
    return null;
  }

  /** One picture for all times: of a still, and of a film until its thumbnails are there. */
  function poster(media: string, version: string): Strip | null {
    const picture = loaded(
      posters,
      media,
      version,
      async () => createImageBitmap(await (await fetched(client.posterUrl(media, version))).blob()),
      (bitmap) => bitmap.close(),
    );
    return (
      picture && {
        picture,
        columns: 1,
        count: 1,
        width: picture.width,
        height: picture.height,
        interval: Number.POSITIVE_INFINITY,
      }
    );
  }

  const stop = status.store.subscribe(tell);
  return {
    strip(media): Strip | null {
      const known = statusOf(media);
      if (known?.strip == null) return known?.poster === true ? poster(media, known.version) : null;
      const { version, strip } = known;
      const picture = loaded(
        strips,
        media,
        version,
        async () => createImageBitmap(await (await fetched(client.stripUrl(media, version))).blob()),
        (bitmap) => bitmap.close(),
      );
      return picture && { picture, ...strip };
    },
    peaks(media, from, to, count) {
      const known = statusOf(media);
      if (known?.peaks !== true) return null;
      const { version } = known;
      const file = loaded(
        peaks,
        media,
        version,
        async () => readPeakFile(new Uint8Array(await (await fetched(client.peaksUrl(media, version))).arrayBuffer())),
        () => columns.clear(),
      );
      if (file === null) return null;
      // The same clip is drawn again and again while something else changes.
      const key = `${media} ${version} ${from} ${to} ${count}`;
      const made = columns.get(key);
      if (made !== undefined) return made;
      const pairs = peakColumns(file, from, to, count);
      const low = new Float32Array(count);
      const high = new Float32Array(count);
      for (let i = 0; i < count; i++) [low[i], high[i]] = [pairs[2 * i]!, pairs[2 * i + 1]!];
      if (columns.size > 400) columns.clear();
      const result = { low, high };
      columns.set(key, result);
      return result;
    },
    isOffline(media) {
      const known = statusOf(media);
      return known !== undefined && !known.isOnline;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      stop();
      for (const cache of [strips, posters]) {
        for (const { value } of cache.values()) value?.close();
        cache.clear();
      }
    },
  };
}
