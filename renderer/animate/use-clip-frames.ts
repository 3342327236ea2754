import { useEffect, useState } from "react";

/** Resolves with the event, or rejects when the file cannot be played or nobody wants it any more. */
function once(video: HTMLVideoElement, event: "loadeddata" | "seeked", signal: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    video.addEventListener(event, () => done(), { once: true, signal });
    video.addEventListener("error", () => failed(new Error("the clip cannot be played")), { once: true, signal });
    signal.addEventListener("abort", () => failed(new Error("nobody looks any more")), { once: true });
  });
}

const NONE = { of: "", pictures: new Map<number, ImageBitmap>() };

/**
 * Pictures of a finished clip at some of its frames, as they come; a video element that is never shown is led from one to the next.
 * @param url null: there is no clip to look into
 * @param frames counted from 0, at `fps` a second
 */
export function useClipFrames(
  url: string | null,
  frames: readonly number[],
  fps: number,
): ReadonlyMap<number, ImageBitmap> {
  const [shown, setShown] = useState<{ readonly of: string; readonly pictures: ReadonlyMap<number, ImageBitmap> }>(
    NONE,
  );
  const wanted = frames.join();
  const key = `${url} ${wanted}`;
  useEffect(() => {
    if (url === null || wanted === "") return undefined;
    const stop = new AbortController();
    const video = document.createElement("video");
    const load = async () => {
      video.muted = true;
      video.preload = "auto";
      const loaded = once(video, "loadeddata", stop.signal);
      video.src = url;
      await loaded;
      for (const frame of new Set(wanted.split(",").map(Number))) {
        const seeked = once(video, "seeked", stop.signal);
        // The middle of the frame: its beginning may round to the one before.
        video.currentTime = (frame + 0.5) / fps;
        await seeked;
        const picture = await createImageBitmap(video);
        if (stop.signal.aborted) return picture.close();
        setShown(({ of, pictures }) => ({
          of: key,
          pictures: new Map(of === key ? pictures : []).set(frame, picture),
        }));
      }
    };
    // Thumbnails of a clip that cannot be played are missed by nobody: the stage says so.
    load().catch(() => undefined);
    return () => {
      stop.abort();
      video.removeAttribute("src");
      video.load();
    };
  }, [url, wanted, fps, key]);
  // Until the first is there, those of another clip are not these.
  return shown.of === key ? shown.pictures : NONE.pictures;
}
