/** OKLab, a space in which equal distances look equally different (B. Ottosson, “A perceptual color space for image processing”, 2020). */

/** L 0 to 1, a (green to red) and b (blue to yellow) about -0.4 to 0.4. */
export type Oklab = readonly [number, number, number];
/** Red, green and blue, 0 to 255, sRGB. */
export type Rgb = readonly [number, number, number];

/** The sRGB transfer function (IEC 61966-2-1) of every byte, 0 to 1. */
const LINEAR = Float64Array.from({ length: 256 }, (_, byte) => {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});

const encode = (linear: number): number => {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(Math.min(1, Math.max(0, value)) * 255);
};

export function toOklab(red: number, green: number, blue: number): Oklab {
  const [r, g, b] = [LINEAR[red]!, LINEAR[green]!, LINEAR[blue]!];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** The nearest displayable colour. */
export function fromOklab([lightness, a, b]: Oklab): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encode(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** Squared distance. */
export const distance2 = (p: Oklab, q: Oklab): number => (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2;

/** Below this chroma a colour has no hue worth a name. */
const GREY_CHROMA = 0.035;

/** Where the names of hues begin, degrees of the OKLab plane; the first goes on after the last. */
const HUES: readonly (readonly [number, string])[] = [
  [5, "red"],
  [45, "orange"],
  [85, "yellow"],
  [120, "green"],
  [170, "cyan"],
  [235, "blue"],
  [290, "purple"],
  [335, "pink"],
];

/** All names that `colourName` gives. */
export const colourNames: readonly string[] = [...HUES.map(([, name]) => name), "brown", "black", "white", "grey"];

/** One of eleven plain English names: those that people of most languages have words for (Berlin and Kay, 1969), and cyan. */
export function colourName([lightness, a, b]: Oklab): string {
  const chroma = Math.hypot(a, b);
  // Near black and white the eye sees less colour.
  if (lightness < 0.2 || (chroma < GREY_CHROMA && lightness < 0.3)) return "black";
  if (chroma < GREY_CHROMA) return lightness > 0.93 ? "white" : "grey";
  const hue = ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360;
  const name = HUES.findLast(([from]) => hue >= from)?.[1] ?? "pink";
  // Pale red is pink, dark orange and dark yellow are brown.
  if (name === "red" && lightness > 0.75) return "pink";
  if ((name === "orange" && lightness < 0.62) || (name === "yellow" && lightness < 0.58)) return "brown";
  return name;
}
