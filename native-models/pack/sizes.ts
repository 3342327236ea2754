import type { PackManifest } from "./manifest.ts";

function label(width: number, height: number): string {
  if (width === height) return "Square";
  return width > height ? "Wide" : "Tall";
}

/** Sizes around the native one: its own shape, square, and turned. All are multiples of `step` pixels. */
export function sizesAround(width: number, height: number, step: number): PackManifest["sizes"] {
  const fit = (value: number) => Math.max(step, Math.round(value / step) * step);
  const side = fit(Math.sqrt(width * height));
  const wide = { width: Math.max(side + step, fit(side * 1.33)), height: fit(side / 1.33) };
  const candidates = [
    { width, height },
    { width: side, height: side },
    wide,
    { width: wide.height, height: wide.width },
    { width: height, height: width },
  ];
  const unique = [...new Map(candidates.map((size) => [`${size.width}×${size.height}`, size])).values()];
  return unique.map((size) => ({ ...size, label: label(size.width, size.height) }));
}
