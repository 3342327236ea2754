type Measuring = Pick<CanvasRenderingContext2D, "font" | "measureText">;

/** Widths of lines that are drawn again and again, by font and text. */
const widths = new Map<string, number>();
const KEPT = 4000;

function widthOf(canvas: Measuring, text: string): number {
  const key = `${canvas.font} ${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  if (widths.size >= KEPT) widths.clear();
  const { width } = canvas.measureText(text);
  widths.set(key, width);
  return width;
}

/** As much of a line as there is room for in pixels, with an ellipsis where it ends early; nothing where not even that fits. */
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
