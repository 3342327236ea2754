import { EASINGS, type ParameterName, type Track } from "../../core/timeline/index.ts";
import { useStudio } from "../state/context.ts";
import { useGlancedTime } from "../state/transport.ts";
import type { Found } from "../timeline/selection.ts";
import { keyframesIn, keyframesOf, momentOf } from "./clip-values.ts";
import type { Keyed } from "./fields/keyframes.tsx";

/** The keyframes of a clip's parameter at the playhead, and of those that are tied to it. */
export function useClipKeyed(found: Found, names: readonly ParameterName[], title: string): Keyed {
  const { project, transport } = useStudio();
  const { clip, start } = found.item;
  const keyframes = keyframesOf(clip, names[0]!);
  const time = momentOf(found, useGlancedTime(keyframes.length > 0));
  const inOneStep = (change: (gesture: string, parameter: ParameterName) => void): void => {
    const gesture = crypto.randomUUID();
    for (const parameter of names) change(gesture, parameter);
    project.endGesture(gesture, "keep");
  };
  const has = (parameter: ParameterName, at: number): boolean =>
    keyframesOf(clip, parameter).some((each) => each.time === at);
  return {
    title,
    keyframes,
    time,
    toggle() {
      const now = momentOf(found, transport.time);
      const isThere = has(names[0]!, now);
      inOneStep((gesture, parameter) => {
        if (!isThere) project.perform("setKeyframe", { clip: clip.id, parameter, time: now }, { gesture });
        else if (has(parameter, now))
          project.perform("removeKeyframe", { clip: clip.id, parameter, time: now }, { gesture });
      });
    },
    setEasing(of, name) {
      inOneStep((gesture, parameter) => {
        const change = { clip: clip.id, parameter, from: of, time: of, easing: EASINGS[name] };
        if (has(parameter, of)) project.perform("setKeyframe", change, { gesture });
      });
    },
    goTo: (to) => transport.seek(start + to),
  };
}

/** The keyframes of a track's volume or pan at the playhead: its times are the timeline's. */
export function useTrackKeyed(track: Track, parameter: "volume" | "pan", title: string): Keyed {
  const { project, transport } = useStudio();
  const keyframes = keyframesIn(track[parameter]);
  const time = useGlancedTime(keyframes.length > 0);
  const which = { track: track.id, parameter };
  return {
    title,
    keyframes,
    time,
    toggle() {
      const now = transport.time;
      if (keyframes.some((each) => each.time === now)) project.perform("removeTrackKeyframe", { ...which, time: now });
      else project.perform("setTrackKeyframe", { ...which, time: now });
    },
    setEasing: (of, name) =>
      void project.perform("setTrackKeyframe", { ...which, from: of, time: of, easing: EASINGS[name] }),
    goTo: (to) => transport.seek(to),
  };
}
