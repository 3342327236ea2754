import { type Automated, automated, keyframesOfTrack, linesOf, lineY } from "../automation.ts";
import { type Row, timeToX, xToTime } from "../geometry.ts";
import type { TracksScene } from "./tracks.ts";

/** Pixels from one point of a line that moves to the next. */
const STEP = 3;

/** Volume and pan of a sound track as lines over its clips; bright, and with keyframes, where the track is selected. */
export function paintAutomation(scene: TracksScene, row: Row, y: number): void {
  const { canvas, palette, view, selection } = scene;
  const isSelected = selection.type === "track" && selection.id === row.track.id;
  for (const parameter of linesOf(row.track, isSelected)) {
    const keyframes = keyframesOfTrack(row.track, parameter);
    const at = (x: number) => y + lineY(row, parameter, Math.max(0, xToTime(view, x)));
    const edges = [0, ...keyframes.map(({ time }) => timeToX(view, time)), view.width];
    const [first, last] = [edges[1]!, edges.at(-2)!];
    const moving: number[] = [];
    for (let x = Math.max(0, first); x < Math.min(view.width, last); x += STEP) moving.push(x);
    const points = [...edges.filter((x) => x >= 0 && x <= view.width), ...moving].sort((a, b) => a - b);
    canvas.beginPath();
    for (const x of points) canvas.lineTo(x, at(x));
    if (parameter !== automated[0]) canvas.setLineDash([6, 4]);
    // Over thumbnails and waves of any colour.
    canvas.strokeStyle = palette.bg;
    canvas.lineWidth = 3.5;
    canvas.globalAlpha = palette.isForced ? 1 : 0.6;
    canvas.stroke();
    canvas.strokeStyle = isSelected ? palette.selection : palette.text;
    canvas.lineWidth = 1.5;
    canvas.globalAlpha = isSelected || palette.isForced ? 1 : 0.7;
    canvas.stroke();
    canvas.setLineDash([]);
    canvas.fillStyle = isSelected ? palette.selection : palette.text;
    for (const { time } of keyframes) {
      const x = timeToX(view, time);
      if (x < -8 || x > view.width + 8) continue;
      diamond(canvas, x, at(x), isSelected ? 5 : 3);
      canvas.fill();
      if (isSelected) {
        canvas.strokeStyle = palette.bg;
        canvas.lineWidth = 1;
        canvas.stroke();
      }
    }
    canvas.globalAlpha = 1;
    if (isSelected) label(scene, NAMES[parameter], y, at(NAMES[parameter].at));
  }
}

/** What stands beside lines, and where from the left edge: beside each other, whatever the lines do; above them where there is room. */
const NAMES = { volume: { name: "Volume", at: 18 }, pan: { name: "Pan", at: 72 } } as const;
const NAME_HEIGHT = 13;

/** In the clips' font, which is set. @param top of the row @param line where the line lies there */
function label({ canvas, palette }: TracksScene, { name, at }: (typeof NAMES)[Automated], top: number, line: number) {
  const isAbove = line - top > NAME_HEIGHT + 2;
  canvas.fillStyle = palette.text;
  canvas.textBaseline = "middle";
  canvas.textAlign = "left";
  canvas.fillText(name, at, line + (isAbove ? -1 : 1) * (NAME_HEIGHT / 2 + 2));
}

function diamond(canvas: CanvasRenderingContext2D, x: number, y: number, half: number): void {
  canvas.beginPath();
  canvas.moveTo(x, y - half);
  canvas.lineTo(x + half, y);
  canvas.lineTo(x, y + half);
  canvas.lineTo(x - half, y);
  canvas.closePath();
}
