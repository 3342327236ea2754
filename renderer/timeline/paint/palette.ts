/** The colours of the canvas: CSS has them (timeline.css), so that themes are made in one place. */
const names = [
  "bg",
  "row",
  "row-locked",
  "line",
  "tick",
  "text",
  "text-dim",
  "text-faint",
  "playhead",
  "generated",
  "problem",
  "selection",
  "snap",
  "range",
  "video",
  "video-title",
  "audio",
  "audio-title",
  "text-clip",
  "text-clip-title",
  "made",
  "made-title",
  "wave",
  "fade",
  "hatch",
  "transition",
  "ghost",
] as const;

export type Palette = Readonly<Record<(typeof names)[number], string>> & {
  readonly sans: string;
  readonly mono: string;
  /** The system chooses the colours: shapes must tell everything. */
  readonly isForced: boolean;
};

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  const colours = Object.fromEntries(names.map((name) => [name, read(`--tl-${name}`)])) as Record<
    (typeof names)[number],
    string
  >;
  return {
    ...colours,
    sans: read("--sans"),
    mono: read("--mono"),
    isForced: window.matchMedia("(forced-colors: active)").matches,
  };
}

/** Colours of markers by their names in the document (OpenTimelineIO's). */
export const MARKER_COLOURS = {
  red: "oklch(0.68 0.17 25)",
  orange: "oklch(0.75 0.14 55)",
  yellow: "oklch(0.85 0.14 95)",
  green: "oklch(0.78 0.14 150)",
  cyan: "oklch(0.8 0.1 200)",
  blue: "oklch(0.7 0.12 250)",
  purple: "oklch(0.7 0.13 305)",
  grey: "oklch(0.75 0 0)",
} as const;
