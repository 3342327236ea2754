import { useCallback, useEffect, useRef, useState } from "react";
import { ANIMATION_FPS } from "../../core/contract/index.ts";

export interface Transport {
  /** To be given to the audio or video element as its `ref`. */
  readonly attach: (element: HTMLMediaElement | null) => void;
  /** Where it is, in frames with their fraction. */
  readonly playhead: number;
  readonly isPlaying: boolean;
  readonly toggle: () => void;
  readonly seek: (frame: number) => void;
}

/** Plays a sound or a clip and says where it is: sound and picture have the same clock, the element's own. */
export function useTransport(): Transport {
  const media = useRef<HTMLMediaElement | null>(null);
  const [element, setElement] = useState<HTMLMediaElement | null>(null);
  const [playhead, setPlayhead] = useState(0);
  const [isPlaying, setPlaying] = useState(false);
  const attach = useCallback((attached: HTMLMediaElement | null) => {
    media.current = attached;
    setElement(attached);
  }, []);

  useEffect(() => {
    if (!element) return undefined;
    let request = 0;
    const show = () => setPlayhead(element.currentTime * ANIMATION_FPS);
    const follow = () => {
      show();
      request = requestAnimationFrame(follow);
    };
    const onPlay = () => {
      setPlaying(true);
      cancelAnimationFrame(request);
      request = requestAnimationFrame(follow);
    };
    const onRest = () => {
      setPlaying(false);
      cancelAnimationFrame(request);
      show();
    };
    element.addEventListener("play", onPlay);
    element.addEventListener("pause", onRest);
    element.addEventListener("ended", onRest);
    element.addEventListener("seeked", show);
    element.addEventListener("emptied", onRest);
    return () => {
      cancelAnimationFrame(request);
      element.removeEventListener("play", onPlay);
      element.removeEventListener("pause", onRest);
      element.removeEventListener("ended", onRest);
      element.removeEventListener("seeked", show);
      element.removeEventListener("emptied", onRest);
    };
  }, [element]);

  const seek = useCallback((frame: number) => {
    setPlayhead(frame);
    if (media.current) media.current.currentTime = frame / ANIMATION_FPS;
  }, []);
  const toggle = useCallback(() => {
    const target = media.current;
    if (!target) return;
    // A play that the next pause interrupts rejects; that is no error.
    if (target.paused) target.play().catch(() => undefined);
    else target.pause();
  }, []);
  return { attach, playhead, isPlaying, toggle, seek };
}
