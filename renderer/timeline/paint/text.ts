type Measuring = Pick<CanvasRenderingContext2D, "font" | "measureText">;

/** Of what stands on clips. */
export const clipFont = (sans: string): string => `500 11px ${sans}`;

const fonts = new WeakMap<object, string>();

/**
 * Sets the font that a canvas keeps, outside of save and restore, where it has another: setting any font, the same one too, makes the
 * browser work out the page's style first.
 */
export function setFont(canvas: CanvasRenderingContext2D, font: string): void {
  if (fonts.get(canvas) === font) return;
  canvas.font = font;
  fonts.set(canvas, font);
}

/** A canvas of another size has forgotten its font. */
export const forgetFont = (canvas: CanvasRenderingContext2D): boolean => fonts.delete(canvas);

/** Widths of lines that are drawn again and again in the clips' font. */
const widths = new Map<string, number>();
const KEPT = 4000;

function widthOf(canvas: Measuring, text: string): number {
  const known = widths.get(text);
  if (known !== undefined) return known;
  if (widths.size >= KEPT) widths.clear();
  const { width } = canvas.measureText(text);
  widths.set(text, width);
  return width;
}

/** Text was measured before its font was there. */
export const forgetWidths = (): void => widths.clear();

/** As much of a line in the clips' font as there is room for in pixels, with an ellipsis where it ends early; nothing where not even that fits. */
export function shortened(canvas: Measuring, text: string, room: number): string {
  const whole = widthOf(canvas, text);
  if (whole <= room) return text;
  const ellipsis = widthOf(canvas, "…");
  const letters = Array.from(text);
  // Letters differ in width: what their mean promises is tried, and less if need be.
  for (let count = Math.floor((letters.length * (room - ellipsis)) / whole); count > 0; count--) {
    const part = `${letters.slice(0, count).join("").trimEnd()}…`;
    if (widthOf(canvas, part) <= room) return part;
  }
  return "";
}
