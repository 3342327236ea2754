import { type Flicks, flicksToFrame, frameToFlicks } from "../time/index.ts";
import {
  type Clip,
  colourOf,
  findMedia,
  type MediaReference,
  mediaOf,
  parameterAt,
  type Placed,
  styleAt,
  type Timeline,
} from "../timeline/index.ts";
import { activeAt, fadeAt, sourceMoment, switchedOn } from "./active.ts";
import type { FramePlan, Layer, PictureAt, SubjectLook, Visual } from "./plan.ts";

/** What is seen at a time. */
export function planFrame(document: Timeline, time: Flicks): FramePlan {
  const layers: Layer[] = [];
  const pending: string[] = [];
  const see = (item: Placed | null): Visual | null => (item === null ? null : visual(document, item, time, pending));
  for (const track of switchedOn(document, ["video", "text"])) {
    const active = activeAt(track, time);
    if (active === null) continue;
    if (active.kind === "clip") {
      const seen = see(active.item);
      if (seen !== null && seen.opacity > 0) layers.push(seen);
      continue;
    }
    const { transition, progress } = active;
    const [from, to] = [see(active.from), see(active.to)];
    if (from === null && to === null) continue;
    const { id, type, direction, colour, softness } = transition;
    layers.push({ kind: "transition", id, type, direction, colour, softness, progress, from, to });
  }
  const { width, height, background } = document.settings;
  return { time, width, height, background, layers, pending };
}

/** The clip as it looks at a time, which may lie in its handles; null where it shows nothing. */
function visual(document: Timeline, { clip, start }: Placed, time: Flicks, pending: string[]): Visual | null {
  if (!clip.enabled) return null;
  const at = time - start;
  const value = (name: Parameters<typeof parameterAt>[1]): number => parameterAt(clip, name, at);
  const look = {
    clip: clip.id,
    x: value("positionX"),
    y: value("positionY"),
    scaleX: value("scaleX"),
    scaleY: value("scaleY"),
    rotation: value("rotation"),
    opacity: value("opacity") * fadeAt(clip, at),
    blend: clip.blend,
    blur: value("blur"),
    colour: {
      brightness: value("brightness"),
      contrast: value("contrast"),
      saturation: value("saturation"),
      hue: value("hue"),
    },
    crop: { left: value("cropLeft"), right: value("cropRight"), top: value("cropTop"), bottom: value("cropBottom") },
  };
  if (look.crop.left + look.crop.right >= 1 || look.crop.top + look.crop.bottom >= 1) return null;
  if (clip.content.type === "text") {
    const { duration } = clip.sourceRange;
    const entered = share(at, clip.fadeIn);
    const style = styleAt(clip, clip.content.style, at);
    return { kind: "text", ...look, style, entered, staying: share(duration - at, clip.fadeOut) };
  }
  const media = mediaOf(document, clip);
  if (media === null) {
    pending.push(clip.id);
    return null;
  }
  const sourceTime = sourceMoment(document, clip, at);
  const subject = subjectLook(document, clip, media, sourceTime, at);
  return { kind: "picture", ...look, media: media.id, sourceTime, fit: clip.fit, subject };
}

function subjectLook(
  document: Timeline,
  clip: Clip,
  media: MediaReference,
  sourceTime: Flicks,
  at: Flicks,
): SubjectLook | null {
  const { subject } = clip;
  if (subject === undefined) return null;
  const { background, colour, kinds, inverted } = subject;
  const value = (name: Parameters<typeof parameterAt>[1]): number => parameterAt(clip, name, at);
  const behind = background === "media" && subject.media !== null ? findMedia(document, subject.media) : undefined;
  return {
    media: media.id,
    maskTime: media.rate === null ? sourceTime : frameToFlicks(flicksToFrame(sourceTime, media.rate), media.rate),
    kinds,
    inverted,
    feather: value("subjectFeather"),
    grow: value("subjectGrow"),
    background,
    colour: clip.parameters.subjectColour === undefined ? colour : colourOf(value("subjectColour")),
    blur: background === "blur" ? value("subjectBlur") : 0,
    behind: behind === undefined ? null : { clip: behindOf(clip), media: behind.id, sourceTime: looped(behind, at) },
  };
}

/** Who shows what lies behind a clip's subject: not the clip, which may show the same media at another place. */
const behindOf = ({ id }: Clip): string => `${id}${BEHIND}`;
const BEHIND = "~behind";

/** The clip that shows a picture, in its place or behind its subject. */
export const ownerOf = ({ clip }: PictureAt): string => (clip.endsWith(BEHIND) ? clip.slice(0, -BEHIND.length) : clip);

/** The moment of a background: a film begins with the clip, and again when it is over. */
function looped({ availableRange: range }: MediaReference, at: Flicks): Flicks {
  if (range === null) return 0;
  const passed = at % range.duration;
  return range.start + Math.floor(passed < 0 ? passed + range.duration : passed);
}

/** Every picture that a frame is painted from, from the bottom up. */
export const picturesIn = ({ layers }: FramePlan): PictureAt[] =>
  layers
    .flatMap((layer) => (layer.kind === "transition" ? [layer.from, layer.to] : [layer]))
    .filter((visual) => visual?.kind === "picture")
    .flatMap((visual) => (visual.subject?.behind == null ? [visual] : [visual, visual.subject.behind]));

/** How much of a whole has passed, 0 to 1; what takes no time is over. */
const share = (passed: number, whole: number): number => (whole === 0 ? 1 : Math.min(1, Math.max(0, passed) / whole));
