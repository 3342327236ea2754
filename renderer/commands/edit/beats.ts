import { ANIMATION_FPS, animationLimits } from "../../../core/contract/animation.ts";
import { FLICKS_PER_SECOND, type Flicks } from "../../../core/time/index.ts";
import { type Clip, mediaOf, mediaRange } from "../../../core/timeline/index.ts";
import { attempt } from "../../state/attempt.ts";
import type { CommandContext } from "../command.ts";
import { complain, documentOf, editGroup, oneClip, say } from "./helpers.ts";

/** A longer stretch is listened to in parts of this many frames. */
const PART = animationLimits.frames.max;
/** So many markers on one clip are enough. */
const MOST = 2000;

/** When a media time is heard after the clip's start; null where the clip does not play it, or its speed moves. */
export function clipTimeOf(clip: Clip, media: Flicks): Flicks | null {
  const speed = clip.parameters.speed ?? 1;
  if (typeof speed !== "number" || speed === 0) return null;
  const { start, duration } = clip.sourceRange;
  const played = (media - start) / speed;
  const time = Math.round(clip.reversed ? duration - played : played);
  return time >= 0 && time < duration ? time : null;
}

/** Finds beats (or, with `onsets`, every strike) in the clip's sound and marks them on it: one step of the history. */
function mark(context: CommandContext, what: "beats" | "onsets"): void {
  const { client, project, store } = context;
  const found = oneClip(context);
  if (found === null) return say(context, "Select a clip with sound first.");
  const { clip } = found.item;
  const media = mediaOf(documentOf(context), clip);
  if (media?.audio == null) return complain(context, "This clip has no sound: select one that has.");
  if (typeof (clip.parameters.speed ?? 1) !== "number")
    return complain(context, "The speed of this clip moves: set it to one value, then mark the beats.");
  void attempt(store, async () => {
    say(context, "Listening …");
    const times = await listen(client, media.id, mediaRange(clip), what);
    const places = [...new Set(times.map((time) => clipTimeOf(clip, time)).filter((time) => time !== null))].slice(
      0,
      MOST,
    );
    if (places.length === 0) return complain(context, "No beat was found in this sound.");
    const markers = places.map((start) => ({
      markedRange: { start, duration: 0 },
      name: NAMES[what],
      colour: "yellow" as const,
      comment: "",
    }));
    if (!project.perform("addMarkers", { clip: clip.id, instead: NAMES[what], markers }).ok) return;
    say(context, `${places.length} ${what} marked.`);
  });
}

const NAMES = { beats: "beat", onsets: "onset" } as const;

async function listen(
  client: CommandContext["client"],
  id: string,
  range: { readonly start: Flicks; readonly duration: Flicks },
  what: "beats" | "onsets",
): Promise<Flicks[]> {
  const first = Math.max(0, Math.floor((range.start / FLICKS_PER_SECOND) * ANIMATION_FPS));
  const last = Math.ceil(((range.start + range.duration) / FLICKS_PER_SECOND) * ANIMATION_FPS);
  const times: Flicks[] = [];
  for (let from = first; from < last; from += PART) {
    const frames = Math.min(PART, Math.max(animationLimits.frames.min, last - from));
    const analysis = await client.call("sound.analyze", { id, range: { from, frames } });
    const heard = what === "beats" ? analysis.beats : analysis.onsets.map(({ time }) => time);
    for (const time of heard) times.push(Math.round((from / ANIMATION_FPS + time) * FLICKS_PER_SECOND));
  }
  return times;
}

export const beatCommands = editGroup("Markers", [
  {
    id: "beats.mark",
    title: "Mark the beats of the clip",
    keys: ["Alt+KeyB"],
    run: (context) => mark(context, "beats"),
  },
  { id: "beats.onsets", title: "Mark every onset of the clip", keys: [], run: (context) => mark(context, "onsets") },
]);
