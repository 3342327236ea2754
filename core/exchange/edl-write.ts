import { type Flicks, FLICKS_PER_SECOND, formatTimecode } from "../time/index.ts";
import {
  type Clip,
  laneOf,
  mediaOf,
  mediaRange,
  parameterOf,
  type Placed,
  type Timeline,
  type Track,
} from "../timeline/index.ts";

/**
 * A CMX 3600 edit decision list: one list of cuts and dissolves for each track, events numbered from 001, times as timecode. What it has
 * no words for (titles, effects, keyframes) is left out and named in `notes`. Format: CMX 3600 as its descendants read it, with the
 * comments `FROM CLIP NAME`, `TO CLIP NAME`, `SOURCE FILE` and the speed line M2.
 * @param track the one to write; default the lowest picture track with clips on it
 */
export function writeEdl(
  document: Timeline,
  track = firstPicture(document),
): { readonly text: string; readonly notes: string[] } {
  const writer = new Writer(document);
  if (track !== null) writer.track(track);
  const others = document.tracks.filter(
    (other) => other !== track && other.kind !== "audio" && laneOf(other).placed.length > 0,
  );
  const notes =
    others.length === 0
      ? writer.notes
      : [...writer.notes, `An EDL holds one picture track; ${others.map(({ name }) => name).join(", ")} is left out.`];
  return { text: writer.text(), notes };
}

const firstPicture = ({ tracks }: Timeline): Track | null =>
  tracks.find((track) => track.kind === "video" && !track.muted && laneOf(track).placed.length > 0) ?? null;

class Writer {
  readonly notes: string[] = [];
  private readonly document: Timeline;
  private readonly lines: string[] = [];
  private event = 0;

  constructor(document: Timeline) {
    this.document = document;
    const { rate, dropFrame } = document.settings;
    this.lines.push(
      `TITLE: ${oneLine(document.name) || "Untitled"}`,
      `FCM: ${dropFrame && rate.denominator === 1001 ? "DROP FRAME" : "NON-DROP FRAME"}`,
      "",
    );
  }

  text(): string {
    return `${this.lines.join("\r\n")}\r\n`;
  }

  track(track: Track): void {
    const { placed } = laneOf(track);
    const kind = track.kind === "audio" ? "A" : "V";
    for (const [i, item] of placed.entries()) {
      const before = placed[i - 1];
      const into = before !== undefined && before.tailTo === item.clip.id ? before.tail : null;
      // A dissolve begins with the new clip's handle; its length stands after the D.
      const early = into === null ? 0 : into.inOffset;
      if (into !== null && into.type !== "dissolve")
        this.notes.push(`The ${into.type} before “${item.clip.name}” is written as a dissolve.`);
      this.event += 1;
      const number = String(this.event).padStart(3, "0");
      if (into !== null) {
        // A dissolve is two lines of one event: where the old clip is left, for no time, and the new one with the length in frames.
        this.line(
          number,
          this.reel(before!.clip),
          kind,
          "C",
          "",
          this.source(before!, before!.clip.sourceRange.duration - early),
          0,
          item.start - early,
        );
        this.line(
          number,
          this.reel(item.clip),
          kind,
          "D",
          this.frames(into.inOffset + into.outOffset),
          this.source(item, -early),
          item.clip.sourceRange.duration + early - this.taken(item),
          item.start - early,
          playedPer(item.clip),
        );
      } else
        this.line(
          number,
          this.reel(item.clip),
          kind,
          "C",
          "",
          this.source(item, 0),
          item.clip.sourceRange.duration - this.taken(item),
          item.start,
          playedPer(item.clip),
        );
      this.comments(item.clip, into === null ? null : before!.clip);
    }
  }

  /** What the dissolve into the next clip takes of this one's end. */
  private taken(item: Placed): Flicks {
    return item.tailTo === null ? 0 : (item.tail?.inOffset ?? 0);
  }

  private line(
    number: string,
    reel: string,
    kind: string,
    how: string,
    length: string,
    source: Flicks,
    duration: Flicks,
    record: Flicks,
    factor = 1,
  ): void {
    const times = [source, source + Math.round(duration * factor), record, record + duration]
      .map((time) => this.code(time))
      .join(" ");
    this.lines.push(`${number}  ${reel.padEnd(8)} ${kind.padEnd(5)} ${how.padEnd(4)} ${length.padEnd(3)} ${times}`);
  }

  private comments(clip: Clip, from: Clip | null): void {
    const factor = playedPer(clip) * (clip.reversed ? -1 : 1);
    const { rate } = this.document.settings;
    if (factor !== 1) {
      const rated = ((rate.numerator / rate.denominator) * Math.abs(factor)).toFixed(1);
      const played = factor < 0 ? `-${rated.padStart(5, "0")}` : rated.padStart(6, "0");
      this.lines.push(
        `M2   ${this.reel(clip).padEnd(8)} ${played}                ${this.code(clip.sourceRange.start)}`,
      );
    }
    if (from !== null)
      this.lines.push(`* FROM CLIP NAME: ${oneLine(from.name)}`, `* TO CLIP NAME: ${oneLine(clip.name)}`);
    else this.lines.push(`* FROM CLIP NAME: ${oneLine(clip.name)}`);
    const media = mediaOf(this.document, clip);
    if (media !== null) this.lines.push(`* SOURCE FILE: ${oneLine(media.name)}`);
    if (clip.enabled) return;
    this.notes.push(`“${clip.name}” is switched off; an EDL cannot say so.`);
  }

  private source({ clip }: Placed, at: Flicks): Flicks {
    return Math.max(0, mediaRange(clip).start + Math.round(at * playedPer(clip)));
  }

  /** Eight letters and digits, which is all that a reel's name has. */
  private reel(clip: Clip): string {
    const name = (mediaOf(this.document, clip)?.name ?? clip.name).replace(/\.[^.]*$/, "");
    return (
      name
        .toUpperCase()
        .replace(/[^A-Z0-9]/g, "")
        .slice(0, 8) || "AX"
    );
  }

  private frames(time: Flicks): string {
    const { rate } = this.document.settings;
    return String(Math.round((time * rate.numerator) / rate.denominator / FLICKS_PER_SECOND)).padStart(3, "0");
  }

  private code(time: Flicks): string {
    return formatTimecode(time, this.document.settings);
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

/** Seconds of media that a second of the clip plays: with M2, what is played of the source stands in its times. */
function playedPer(clip: Clip): number {
  const speed = parameterOf(clip, "speed");
  return typeof speed === "number" ? speed : mediaRange(clip).duration / clip.sourceRange.duration;
}
