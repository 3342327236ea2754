import { useEffect, useMemo } from "react";
import { useStore } from "zustand";
import { secondsToFlicks } from "../../core/time/index.ts";
import type { MediaReference, Timeline } from "../../core/timeline/index.ts";
import { useSelect, useStudio } from "../state/context.ts";
import type { Locate, MediaAddress } from "./decode/address.ts";

/** Where the media of a document are played from: the user's own files, or their proxies where those play better. */
export function useLocate(document: Timeline): Locate {
  const { client, mediaStatus } = useStudio();
  const statuses = useStore(mediaStatus.store);
  const catalogue = useSelect((state) => state.catalogue);
  const { media: references } = document;
  useEffect(() => mediaStatus.want(Object.keys(references)), [mediaStatus, references]);
  const addresses = useMemo(() => {
    const origins = new Map(
      catalogue.flatMap((media) => (media.kind === "video" ? [[media.id, secondsToFlicks(media.video.origin)]] : [])),
    );
    const addressOf = (media: MediaReference): MediaAddress => {
      const status = statuses[media.id];
      if (status === undefined) return { problem: WAITING };
      if (!status.isOnline) return { problem: status.reason ?? "This file is not where it was." };
      if (status.play === "proxy" && !status.proxy)
        return { problem: status.problem ?? "It is being made ready to play; it appears here by itself." };
      return {
        url: client.mediaUrl(media.id, status.version, status.play),
        kind: media.kind === "image" ? "still" : "film",
        // A proxy begins at 0.
        origin: status.play === "original" ? (origins.get(media.id) ?? 0) : 0,
      };
    };
    return JSON.stringify(Object.values(references).map((media) => [media.id, addressOf(media)]));
  }, [client, statuses, catalogue, references]);
  // News of how far a proxy is move no file: only another address is a reason to look anew.
  return useMemo(() => {
    const known = new Map(JSON.parse(addresses) as [string, MediaAddress][]);
    return (media: MediaReference) => known.get(media.id) ?? { problem: WAITING };
  }, [addresses]);
}

/** Said of what nobody has asked about yet; the answer comes at once. */
export const WAITING = "It is being looked for.";
