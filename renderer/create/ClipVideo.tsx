import { type PointerEvent, useEffect, useRef, useState } from "react";
import type { Clip } from "../../core/contract/index.ts";
import { useSelect, useStudio } from "../state/context.ts";
import { useReducedMotion } from "../ui/use-reduced-motion.ts";

/** After this long without moving, a pointer is resting and not scrubbing. */
const REST_MS = 900;

/** A finished clip that loops while it can be seen; moving the pointer over it scrubs. */
export function ClipVideo({ clip, onReady }: { readonly clip: Clip; readonly onReady: () => void }) {
  const { client } = useStudio();
  const still = useReducedMotion();
  // Behind the player nothing needs to move.
  const isCovered = useSelect((state) => state.playing !== null);
  const video = useRef<HTMLVideoElement>(null);
  const [isSeen, setSeen] = useState(false);
  const [scrub, setScrub] = useState<number | null>(null);
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);

  useEffect(() => {
    const element = video.current;
    if (!element) return undefined;
    const observer = new IntersectionObserver(([entry]) => setSeen(entry?.isIntersecting ?? false));
    observer.observe(element);
    return () => {
      observer.disconnect();
      clearTimeout(rest.current);
    };
  }, []);

  const plays = isSeen && !isCovered && !still && scrub === null;
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    // A play that is interrupted by the next pause rejects; that is no error.
    if (plays) element.play().catch(() => undefined);
    else element.pause();
  }, [plays]);

  function onPointerMove(event: PointerEvent<HTMLVideoElement>) {
    const element = video.current;
    if (!element || event.pointerType !== "mouse" || !(element.duration > 0)) return;
    const box = element.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    setScrub(share);
    const frame = Math.min(clip.frames - 1, Math.floor(share * clip.frames));
    element.currentTime = (frame + 0.5) / clip.fps;
    clearTimeout(rest.current);
    rest.current = setTimeout(() => setScrub(null), REST_MS);
  }

  return (
    <>
      <video
        ref={video}
        className="tile__video"
        src={client.clipUrl(clip.id)}
        width={clip.width}
        height={clip.height}
        muted
        loop
        playsInline
        preload={isSeen ? "auto" : "metadata"}
        aria-hidden
        onLoadedData={onReady}
        onPointerMove={onPointerMove}
        onPointerLeave={() => {
          clearTimeout(rest.current);
          setScrub(null);
        }}
      />
      {scrub === null ? null : <div className="tile__playhead" style={{ left: `${scrub * 100}%` }} />}
    </>
  );
}
