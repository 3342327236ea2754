/** Thumbnails of a film: pictures in rows, one every `interval` seconds of media time. */
export interface Strip {
  readonly picture: ImageBitmap;
  readonly columns: number;
  readonly count: number;
  /** Of one thumbnail in pixels. */
  readonly width: number;
  readonly height: number;
  readonly interval: number;
}

/** Lowest and highest sample of equal slices, -1 to 1. */
export interface PeakColumns {
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
}

/** What clips look like. Asks for what is not there yet, and tells when it has come. */
export interface MediaPictures {
  strip(media: string): Strip | null;
  /** The sound between two seconds of media time in so many columns. */
  peaks(media: string, from: number, to: number, columns: number): PeakColumns | null;
  isOffline(media: string): boolean;
  /** Called when there is more to show. */
  subscribe(listener: () => void): () => void;
}

export const noPictures: MediaPictures = {
  strip: () => null,
  peaks: () => null,
  isOffline: () => false,
  subscribe: () => () => {},
};
