import { useEffect, useMemo } from "react";
import { useStore } from "zustand";
import type { Media } from "../../core/contract/index.ts";
import { secondsToFlicks } from "../../core/time/index.ts";
import type { MediaReference, Timeline } from "../../core/timeline/index.ts";
import { useSelect, useStudio } from "../state/context.ts";
import type { Locate, MediaAddress } from "./decode/address.ts";

/** Where media are played from: the user's own files, or their proxies where those play better. */
export function useLocate(references: Timeline["media"]): Locate {
  const { client, mediaStatus } = useStudio();
  const statuses = useStore(mediaStatus.store);
  const catalogue = useSelect((state) => state.catalogue);
  const clips = useSelect((state) => state.clips);
  useEffect(() => mediaStatus.want(Object.keys(references)), [mediaStatus, references]);
  const addresses = useMemo(() => {
    const known = new Map(catalogue.map((media) => [media.id, media]));
    const made = new Set(clips.map(({ id }) => id));
    const addressOf = (media: MediaReference): MediaAddress => {
      const status = statuses[media.id];
      if (status === undefined) return { problem: WAITING };
      if (!status.isOnline) return { problem: status.reason ?? "This file is not where it was." };
      if (status.play === "proxy" && !status.proxy)
        return { problem: status.problem ?? "It is being made ready to play; it appears here by itself." };
      const file = known.get(media.id);
      const origin = file?.kind === "video" && status.play === "original" ? secondsToFlicks(file.video.origin) : 0;
      return {
        url: client.mediaUrl(media.id, status.version, status.play),
        kind: media.kind === "image" ? "still" : "film",
        // A proxy begins at 0.
        origin,
        isSolid: file === undefined ? made.has(media.id) : isSolid(file),
      };
    };
    return JSON.stringify(Object.values(references).map((media) => [media.id, addressOf(media)]));
  }, [client, statuses, catalogue, clips, references]);
  // News of how far a proxy is move no file: only another address is a reason to look anew.
  return useMemo(() => {
    const known = new Map(JSON.parse(addresses) as [string, MediaAddress][]);
    return (media: MediaReference) => known.get(media.id) ?? { problem: WAITING };
  }, [addresses]);
}

const isSolid = (media: Media): boolean =>
  media.kind === "video" ? !media.video.alpha : media.kind === "picture" && !media.alpha;

/** Said of what nobody has asked about yet; the answer comes at once. */
export const WAITING = "It is being looked for.";
