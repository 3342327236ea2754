/**
 * Colours as numbers, so that they can be keyframes like all other values: red, green, blue and opacity, eight bits each, red highest.
 * `#ff8000` and `#ff8000ff` are 0xff8000ff.
 */
export const MAX_COLOUR = 0xff_ff_ff_ff;

const OPAQUE = 255;

/** @param colour `#rrggbb` or `#rrggbbaa` */
export const colourNumber = (colour: string): number => {
  const number = Number.parseInt(colour.slice(1), 16);
  return colour.length === 9 ? number : number * 256 + OPAQUE;
};

/** `#rrggbb` where it is opaque, else `#rrggbbaa`. */
export const colourOf = (number: number): string => {
  const digits = number.toString(16).padStart(8, "0");
  return `#${number % 256 === OPAQUE ? digits.slice(0, 6) : digits}`;
};

/** A colour on the way from one to another, channel by channel as sRGB writes them. @param way 0 to 1; beyond, where a curve overshoots */
export function mixColours(from: number, to: number, way: number): number {
  const channel = (shift: number): number => {
    const [a, b] = [Math.floor(from / shift) % 256, Math.floor(to / shift) % 256];
    return shift * Math.min(255, Math.max(0, Math.round(a + (b - a) * way)));
  };
  return channel(2 ** 24) + channel(2 ** 16) + channel(2 ** 8) + channel(1);
}
