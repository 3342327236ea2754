import type { TextVisual } from "../render-plan/index.ts";
import type { TextStyle } from "../timeline/index.ts";
import type { Canvas2D } from "./canvas.ts";
import { place, type Stage, stamp, withSurface } from "./stage.ts";

/** Lines of a text with their widths; pixels at scale 1. */
export interface TextLayout {
  readonly lines: readonly { readonly text: string; readonly width: number }[];
  /** Height of an em. */
  readonly em: number;
  readonly lineHeight: number;
  /** Of the widest line, and of all lines. */
  readonly width: number;
  readonly height: number;
}

/** From the middle of a line down to its baseline, in ems: half the height of a capital of Inter, so that capitals stand centred. */
const BASELINE = 0.727 / 2;

/** Breaks at the text's own line ends, and between words where a line gets wider than the style's width. */
export function layoutText<Image>(
  context: Canvas2D<Image>,
  style: TextStyle,
  frameWidth: number,
  frameHeight: number,
): TextLayout {
  const em = style.size * frameHeight;
  setFont(context, style, em);
  const measure = (text: string): number => context.measureText(text).width;
  const widest = style.width * frameWidth;
  const lines = style.text.split("\n").flatMap((paragraph) => {
    const broken: string[] = [];
    let line = "";
    for (const word of paragraph.split(" ")) {
      const longer = line === "" ? word : `${line} ${word}`;
      if (line !== "" && measure(longer) > widest) {
        broken.push(line);
        line = word;
      } else line = longer;
    }
    return [...broken, line];
  });
  const measured = lines.map((text) => ({ text, width: measure(text) }));
  const lineHeight = style.lineHeight * em;
  const width = Math.max(0, ...measured.map((line) => line.width));
  return { lines: measured, em, lineHeight, width, height: lineHeight * lines.length };
}

function setFont<Image>(
  context: Canvas2D<Image>,
  { italic, weight, font, letterSpacing }: TextStyle,
  em: number,
): void {
  context.font = `${italic ? "italic " : ""}${weight} ${em}px "${font}"`;
  context.letterSpacing = `${letterSpacing * em}px`;
  // The line's own left edge; alignment is worked out here, so that it does not depend on how letter spacing is counted.
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
}

/** Paints box, shadow, outline and letters on a transparent surface, at full opacity. */
export function paintText<Image>(stage: Stage<Image>, target: Canvas2D<Image>, visual: TextVisual): void {
  const { style } = visual;
  const layout = layoutText(target, style, stage.width, stage.height);
  const shown = shownCharacters(visual);
  const moved = withMotion(visual);
  const draw = (on: Canvas2D<Image>, dx: number, dy: number, colour: string, outline: TextStyle["outline"]): void => {
    on.save();
    place(stage, on, moved);
    setFont(on, style, layout.em);
    eachLine(layout, style, shown, (text, x, y) => {
      if (outline !== null && outline.width > 0) {
        on.strokeStyle = outline.colour;
        // Half of a stroke lies inside the letter and is covered by its fill.
        on.lineWidth = 2 * outline.width * layout.em;
        on.lineJoin = "round";
        on.strokeText(text, x + dx, y + dy);
      }
      on.fillStyle = colour;
      on.fillText(text, x + dx, y + dy);
    });
    on.restore();
  };
  if (style.box !== null) paintBox(stage, target, moved, layout, style.box);
  const { shadow } = style;
  if (shadow !== null) {
    const sigma = shadow.blur * layout.em * Math.abs(visual.scaleY);
    const outline = style.outline === null ? null : { ...style.outline, colour: shadow.colour };
    withSurface(stage, (surface) => {
      draw(surface.context, shadow.x * layout.em, shadow.y * layout.em, shadow.colour, outline);
      stamp(stage, target, surface, sigma > 0 ? { filter: `blur(${sigma}px)` } : {});
    });
  }
  draw(target, 0, 0, style.colour, style.outline);
}

function paintBox<Image>(
  stage: Stage<Image>,
  target: Canvas2D<Image>,
  visual: TextVisual,
  layout: TextLayout,
  box: NonNullable<TextStyle["box"]>,
): void {
  const padding = box.padding * layout.em;
  const [width, height] = [layout.width + 2 * padding, layout.height + 2 * padding];
  target.save();
  place(stage, target, visual);
  target.fillStyle = box.colour;
  target.beginPath();
  target.roundRect(-width / 2, -height / 2, width, height, Math.min(box.radius * layout.em, width / 2, height / 2));
  target.fill();
  target.restore();
}

/** The lines' left ends and baselines around the block's centre. */
function eachLine(
  { lines, em, lineHeight, width, height }: TextLayout,
  { align }: TextStyle,
  shown: number,
  draw: (text: string, x: number, y: number) => void,
): void {
  let left = shown;
  for (const [i, line] of lines.entries()) {
    const spare = width - line.width;
    const x = -width / 2 + (align === "left" ? 0 : align === "centre" ? spare / 2 : spare);
    const y = -height / 2 + (i + 0.5) * lineHeight + BASELINE * em;
    const characters = Array.from(line.text);
    if (left > 0) draw(characters.slice(0, left).join(""), x, y);
    left -= characters.length;
  }
}

/** All of them, but while a text types itself. */
function shownCharacters({ style, entered }: TextVisual): number {
  if (style.enter !== "type" || entered >= 1) return Number.POSITIVE_INFINITY;
  return Math.floor(Array.from(style.text).length * entered);
}

/** The visual on its way in or out. */
function withMotion(visual: TextVisual): TextVisual {
  const { style, entered, staying } = visual;
  // Comes to rest slowly, leaves quickly: 1 - (1 - t)³ and its mirror.
  const away = [
    { kind: style.enter, amount: (1 - entered) ** 3 },
    { kind: style.leave, amount: (1 - staying) ** 3 },
  ];
  return away.reduce<TextVisual>((moved, { kind, amount }) => {
    if (kind === "rise") return { ...moved, y: moved.y + 0.12 * amount };
    if (kind === "drop") return { ...moved, y: moved.y - 0.12 * amount };
    if (kind === "slide") return { ...moved, x: moved.x - 0.12 * amount };
    if (kind !== "grow") return moved;
    const scale = 1 - 0.4 * amount;
    return { ...moved, scaleX: moved.scaleX * scale, scaleY: moved.scaleY * scale };
  }, visual);
}
