import { AudioLines, Film, Image as PictureIcon, Sparkle } from "lucide-react";
import { useState } from "react";
import type { MediaStatus } from "../../core/contract/index.ts";
import { useStudio } from "../state/context.ts";
import { type BinItem, clock } from "./items.ts";
import { Waveform } from "./Waveform.tsx";

const ICONS = { video: Film, audio: AudioLines, image: PictureIcon } as const;

interface ThumbnailProps {
  readonly url: string;
  readonly strip: NonNullable<MediaStatus["strip"]>;
  /** Seconds of media time. */
  readonly time: number;
}

/** A place among so many in a row, as CSS gives positions of backgrounds. */
const place = (at: number, of: number): string => `${of > 1 ? (100 * at) / (of - 1) : 0}%`;

/** One picture out of a film's strip of them. */
function Thumbnail({ url, strip: { columns, rows, count, width, height, interval }, time }: ThumbnailProps) {
  const n = Math.max(0, Math.min(count - 1, Math.floor(time / interval)));
  const [column, row] = [n % columns, Math.floor(n / columns)];
  const isWide = width / height >= 16 / 9;
  return (
    <span
      className="bin-item__frame"
      style={{
        [isWide ? "width" : "height"]: "100%",
        aspectRatio: `${width} / ${height}`,
        backgroundImage: `url("${url}")`,
        backgroundSize: `${columns * 100}% ${rows * 100}%`,
        backgroundPosition: `${place(column, columns)} ${place(row, rows)}`,
      }}
    />
  );
}

/** The poster, the waveform, or what kind of thing it is until those are there. */
export function BinPicture({
  item,
  status,
  best,
}: {
  readonly item: BinItem;
  readonly status: MediaStatus | undefined;
  /** The moment that shows best what is in a film, seconds; null while nobody has looked. */
  readonly best: number | null;
}) {
  const { client } = useStudio();
  /** Where the pointer stands on it, from left to right 0 to 1: a film is looked through. */
  const [share, setShare] = useState<number | null>(null);
  const Icon = ICONS[item.kind];
  const isThere = status?.isOnline === true;
  const work = status?.work?.state === "running" ? status.work : null;
  const moment = share === null || item.seconds === null ? best : share * item.seconds;
  return (
    <span
      className="bin-item__picture"
      data-kind={item.kind}
      onPointerMove={(event) => {
        const { left, width } = event.currentTarget.getBoundingClientRect();
        if (item.kind === "video" && event.pointerType === "mouse") setShare((event.clientX - left) / width);
      }}
      onPointerLeave={() => setShare(null)}
    >
      {isThere && status.poster ? (
        <img src={client.posterUrl(item.id, status.version)} alt="" loading="lazy" draggable={false} />
      ) : isThere && item.kind === "audio" && status.peaks ? (
        <Waveform id={item.id} version={status.version} seconds={item.seconds ?? 0} />
      ) : (
        <Icon size={18} aria-hidden />
      )}
      {isThere && status.strip !== null && moment !== null ? (
        <Thumbnail url={client.stripUrl(item.id, status.version)} strip={status.strip} time={moment} />
      ) : null}
      {share === null || item.seconds === null ? null : (
        <span className="bin-item__scrub" style={{ left: `${100 * share}%` }} />
      )}
      {item.isGenerated ? (
        <span className="bin-item__made">
          <Sparkle size={10} aria-hidden />
        </span>
      ) : null}
      {item.seconds === null ? null : <span className="bin-item__length mono">{clock(item.seconds)}</span>}
      {work === null ? null : (
        <progress className="bin-item__work" max={1} value={work.fraction} aria-label={`Preparing ${item.name}`} />
      )}
    </span>
  );
}
