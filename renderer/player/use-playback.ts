import { useCallback, useEffect, useRef, useState } from "react";
import type { Clip } from "../../core/contract/index.ts";

export interface Playback {
  /** To be given to the video element as its `ref`. */
  readonly attach: (element: HTMLVideoElement | null) => void;
  /** The frame on screen, from 0. */
  readonly frame: number;
  readonly isPlaying: boolean;
  readonly toggle: () => void;
  /** Pauses and shows the frame that is so many away; stops at the ends. */
  readonly step: (frames: number) => void;
  /** Pauses and shows this frame. */
  readonly seek: (frame: number) => void;
}

/** The frame that is shown at a media time (seconds). Times lie at frames' beginnings, give or take the file's clock. */
export function frameAt(time: number, fps: number, frames: number): number {
  return Math.min(frames - 1, Math.max(0, Math.floor(time * fps + 0.01)));
}

/** The middle of a frame, seconds: a seek there cannot land on a neighbour, however the file rounds its times. */
export const timeOf = (frame: number, fps: number): number => (frame + 0.5) / fps;

export function usePlayback({ fps, frames }: Clip): Playback {
  const video = useRef<HTMLVideoElement>(null);
  const [element, setElement] = useState<HTMLVideoElement | null>(null);
  const attach = useCallback((attached: HTMLVideoElement | null) => {
    video.current = attached;
    setElement(attached);
  }, []);
  const [frame, setFrame] = useState(0);
  // Steps that follow one another faster than the video seeks count from what was wanted, not from what is on screen yet.
  const wanted = useRef(0);
  // From a seek until the next play only the frame sought counts: one shown before may be told of after it.
  const isSought = useRef(false);
  const [isPlaying, setPlaying] = useState(false);

  useEffect(() => {
    if (!element) return undefined;
    wanted.current = 0;
    isSought.current = false;
    const sync = () => {
      if (!element.paused) isSought.current = false;
      setPlaying(!element.paused);
    };
    element.addEventListener("play", sync);
    element.addEventListener("pause", sync);
    let handle = 0;
    const watch = () => {
      handle = element.requestVideoFrameCallback((_, { mediaTime }) => {
        if (!element.seeking && !isSought.current) {
          wanted.current = frameAt(mediaTime, fps, frames);
          setFrame(wanted.current);
        }
        watch();
      });
    };
    watch();
    return () => {
      element.cancelVideoFrameCallback(handle);
      element.removeEventListener("play", sync);
      element.removeEventListener("pause", sync);
    };
  }, [element, fps, frames]);

  const seek = (target: number) => {
    const element = video.current;
    if (!element) return;
    wanted.current = Math.min(frames - 1, Math.max(0, target));
    isSought.current = true;
    element.pause();
    element.currentTime = timeOf(wanted.current, fps);
    setFrame(wanted.current);
  };
  return {
    attach,
    frame,
    isPlaying,
    seek,
    step: (count) => seek(wanted.current + count),
    toggle: () => {
      const element = video.current;
      if (!element) return;
      // A play that the next pause interrupts rejects; that is no error.
      if (element.paused) element.play().catch(() => undefined);
      else element.pause();
    },
  };
}
