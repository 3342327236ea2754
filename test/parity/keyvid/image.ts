/** Pictures: crop and resize, and the image tower's view. */
import { CLIP_SIDE, clipPicture } from "../../../native-models/keyvid/clip-picture.ts";
import { fitPicture, fromRgb8, toBytes } from "../../../native-models/keyvid/picture.ts";
import { readPng } from "../png.ts";
import { type Check, stemOf, wanted } from "./context.ts";
import { toleranceOf } from "./manifest.ts";

/** Tensors `NAME.float` and `NAME.uint8`, made from the picture `NAME_*.png` beside the file. */
export const checkPictures: Check = async (context, file, entry) => {
  const { report } = context;
  const stem = stemOf(entry.file);
  for (const name of file.tensorNames.filter((tensor) => tensor.endsWith(".float"))) {
    const picture = name.replace(/\.float$/u, "");
    const golden = await wanted<[number, number, number]>(file, name, 3);
    const folder = entry.file.replace(/[^/]*$/u, "");
    const [source] = context.files(/\.png$/u).filter((path) => path.startsWith(`${folder}${picture}_`));
    if (source === undefined) throw new Error(`the manifest names no picture for ${name}`);
    const [, height, width] = golden.shape;
    const fitted = fitPicture(await readPng(context.path(source)), { width, height });
    report.check(`${stem}.${name}`, fitted, golden.data, toleranceOf(entry));
    const bytes = await file.get(`${picture}.uint8`);
    report.verdict(`${stem}.${picture}.uint8`, levelProblem(toBytes(fitted), bytes.data, golden.data));
  }
};

/** One level may differ where the unrounded value lies within a thousandth of a whole number. */
function levelProblem(actual: Uint8Array, expected: Float32Array, unrounded: Float32Array): string | null {
  if (actual.length !== expected.length) return `${actual.length} values where the golden has ${expected.length}`;
  let wrong = 0;
  actual.forEach((level, i) => {
    const difference = Math.abs(level - expected[i]!);
    const scaled = 255 * unrounded[i]!;
    if (difference > 1 || (difference === 1 && Math.abs(scaled - Math.round(scaled)) > 1e-3)) wrong++;
  });
  return wrong === 0 ? null : `${wrong} levels differ`;
}

/** Made from the picture beside the file: parts of the view, and its mean and deviation (n - 1) by channel. */
export const checkClipPicture: Check = async (context, file, entry) => {
  const stem = stemOf(entry.file);
  const folder = entry.file.replace(/[^/]*$/u, "");
  const [source] = context.files(/\.png$/u).filter((path) => path.startsWith(folder));
  if (source === undefined) throw new Error(`the manifest names no picture in ${folder}`);
  const { rgb, width, height } = await readPng(context.path(source));
  const view = clipPicture(fromRgb8(rgb), width, height);
  const plane = CLIP_SIDE * CLIP_SIDE;
  const channels = [0, 1, 2].map((channel) => view.subarray(channel * plane, (channel + 1) * plane));
  for (const name of file.tensorNames) {
    const [, every] = /^every(\d+)$/u.exec(name) ?? [];
    const [, row] = /^row_(\d+)$/u.exec(name) ?? [];
    const step = Number(every);
    const actual =
      every !== undefined
        ? view.filter((_, i) => (i % CLIP_SIDE) % step === 0 && Math.floor((i % plane) / CLIP_SIDE) % step === 0)
        : row !== undefined
          ? view.filter((_, i) => Math.floor((i % plane) / CLIP_SIDE) === Number(row))
          : name === "mean"
            ? channels.map(mean)
            : name === "std"
              ? channels.map(deviation)
              : null;
    // What is of no known form stays unused, which fails.
    if (actual) context.report.check(`${stem}.${name}`, actual, (await file.get(name)).data, toleranceOf(entry));
  }
};

const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
function deviation(values: Float32Array): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}
