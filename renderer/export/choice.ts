import { type ExportPreset, type ExportSettings, fitted, presets } from "../../core/export/index.ts";
import type { Flicks } from "../../core/time/index.ts";
import type { Timeline } from "../../core/timeline/index.ts";

/** What is chosen in the Export workspace, beyond the preset's own settings. */
export interface Choice {
  readonly preset: string;
  /** 0 small to 100 fine; null: the preset's. */
  readonly quality: number | null;
  /** Only what is marked with in and out. */
  readonly marked: boolean;
  readonly smart: boolean;
  readonly record: ExportSettings["record"];
}

export const firstChoice: Choice = {
  preset: "h264",
  quality: null,
  marked: false,
  smart: true,
  record: "full",
};

export const presetOf = ({ preset }: Pick<Choice, "preset">): ExportPreset =>
  presets.find(({ id }) => id === preset) ?? presets[0]!;

/** The export's settings. @param marks the marked stretch's begin and end; null where they are not set */
export function settingsOf(
  choice: Choice,
  document: Timeline,
  marks: { readonly inPoint: Flicks | null; readonly outPoint: Flicks | null },
  end: Flicks,
): ExportSettings {
  const settings = fitted(presetOf(choice), document.settings);
  const { inPoint, outPoint } = marks;
  const start = inPoint ?? 0;
  const range =
    choice.marked && (inPoint !== null || outPoint !== null)
      ? { start, duration: Math.max(1, (outPoint ?? end) - start) }
      : null;
  return {
    ...settings,
    range,
    smart: choice.smart,
    record: choice.record,
    video: settings.video === null ? null : { ...settings.video, quality: choice.quality ?? settings.video.quality },
  };
}
