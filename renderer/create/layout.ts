export interface Box {
  readonly width: number;
  readonly height: number;
}

export const GAP = 16;
/** Prompt and facts under each picture. */
export const CAPTION = 46;
const MIN_PICTURE = 184;
const MAX_PICTURE = 560;
/** Enlarged more than this, a small clip turns to mush. */
const MAX_ENLARGEMENT = 6;
/** Narrower than this, an error's sentence and buttons do not fit. */
export const MIN_TILE_WIDTH = 176;

/** Width of a tile whose picture is `height` high. */
export const tileWidth = (aspect: number, height: number): number =>
  Math.round(Math.max(MIN_TILE_WIDTH, aspect * height));

/** Number of rows when tiles are laid left to right with pictures `height` high. */
function rowsOf(aspects: readonly number[], height: number, width: number): number {
  let rows = 0;
  let x = Number.POSITIVE_INFINITY;
  for (const aspect of aspects) {
    const tile = tileWidth(aspect, height);
    if (x + tile > width) {
      rows++;
      x = 0;
    }
    x += tile + GAP;
  }
  return rows;
}

/** Height of all rows with their captions. */
export function gridHeight(aspects: readonly number[], height: number, width: number): number {
  const rows = rowsOf(aspects, height, width);
  return rows * (height + CAPTION) + Math.max(0, rows - 1) * GAP;
}

/** Narrowest width that needs no more rows than `width` does, so that four tiles stand two by two and not three and one. */
export function balancedWidth(aspects: readonly number[], height: number, width: number): number {
  const rows = rowsOf(aspects, height, width);
  let [narrow, wide] = [0, Math.floor(width)];
  while (wide - narrow > 1) {
    const middle = Math.floor((narrow + wide) / 2);
    const tooNarrow = aspects.some((aspect) => tileWidth(aspect, height) > middle);
    if (tooNarrow || rowsOf(aspects, height, middle) > rows) narrow = middle;
    else wide = middle;
  }
  return wide;
}

/**
 * How high pictures are shown: as large as lets every tile be seen at once, so that one clip fills the room and four stand as
 * two by two; never smaller than is useful (then the grid scrolls), never so large that small clips turn to mush. Clips in their
 * own pixels, room and answer in CSS pixels.
 */
export function pictureHeight(clips: readonly Box[], room: Box): number {
  const aspects = clips.map(({ width, height }) => width / height);
  const tallest = Math.max(...clips.map(({ height }) => height), 0);
  const widest = Math.max(...aspects, 0.1);
  const fits = (height: number) =>
    widest * height <= room.width && gridHeight(aspects, height, room.width) <= room.height;
  let [low, high] = [MIN_PICTURE, Math.max(320, Math.min(MAX_PICTURE, tallest * MAX_ENLARGEMENT))];
  if (fits(high)) return high;
  if (!fits(low)) return Math.min(low + 24, Math.floor(room.width / widest));
  // Largest height that fits; the search ends within a pixel.
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
