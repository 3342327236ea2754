import type { Flicks, TimeRange } from "../time/index.ts";
import type { Blend, Clip, Subject, TextStyle, Transition } from "../timeline/index.ts";

/**
 * What is to be seen and heard at one time of a timeline, complete: the viewer and the exporter both paint from it and from nothing else,
 * so that what one shows the other writes. Plain data; numbers are free of pixels, so that a frame can be painted at any size.
 */
export interface FramePlan {
  readonly time: Flicks;
  /** Pixels of the timeline's frame: gives the aspect, and the size of pictures that are shown pixel for pixel. */
  readonly width: number;
  readonly height: number;
  readonly background: string;
  /** From the bottom up. */
  readonly layers: readonly Layer[];
  /** Clips that should be seen here and wait for their job: the viewer says so, an export leaves them out. */
  readonly pending: readonly string[];
}

export type Layer = Visual | TransitionLayer;
export type Visual = PictureVisual | TextVisual;

interface Look {
  readonly clip: string;
  /** Offset of the centre in parts of the frame's width and height. */
  readonly x: number;
  readonly y: number;
  readonly scaleX: number;
  readonly scaleY: number;
  /** Degrees, clockwise. */
  readonly rotation: number;
  /** 0 to 1, fades included. */
  readonly opacity: number;
  readonly blend: Blend;
  /** Standard deviation in parts of the frame's height. */
  readonly blur: number;
  /** As CSS filter functions: factors, and degrees for the hue. */
  readonly colour: {
    readonly brightness: number;
    readonly contrast: number;
    readonly saturation: number;
    readonly hue: number;
  };
  /** Cut off, in parts of the picture's width and height; never all of it. */
  readonly crop: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
}

/** A picture that must be decoded. `clip` names who shows it: each has a decoder of its own. */
export interface PictureAt {
  readonly clip: string;
  readonly media: string;
  /** The moment of the media to show: the frame that has begun by then. Lies within the media. */
  readonly sourceTime: Flicks;
}

export interface PictureVisual extends Look, PictureAt {
  readonly kind: "picture";
  readonly fit: Clip["fit"];
  /** Null: the whole picture is shown. */
  readonly subject: SubjectLook | null;
}

/** What is done with the subject of a picture. Lengths are parts of the picture's own height. */
export interface SubjectLook {
  readonly media: string;
  /** The moment of the media of which the mask is: when the frame that is shown began. */
  readonly maskTime: Flicks;
  readonly kinds: Subject["kinds"];
  readonly inverted: boolean;
  readonly feather: number;
  readonly grow: number;
  readonly background: Subject["background"];
  readonly colour: string;
  /** Standard deviation in parts of the frame's height. */
  readonly blur: number;
  /** What takes the background's place; null where it is no media. */
  readonly behind: PictureAt | null;
}

export interface TextVisual extends Look {
  readonly kind: "text";
  readonly style: TextStyle;
  /** How far it has come and not yet gone, 0 to 1: both 1 while it stands still. */
  readonly entered: number;
  readonly staying: number;
}

/** Two visuals, or one and nothing, on their way from the one to the other. */
export interface TransitionLayer {
  readonly kind: "transition";
  readonly id: string;
  readonly type: Transition["type"];
  readonly direction: Transition["direction"];
  readonly colour: string;
  readonly softness: number;
  /** 0 at its start, 1 at its end. */
  readonly progress: number;
  readonly from: Visual | null;
  readonly to: Visual | null;
}

/** One clip that sounds at a time. */
export interface Voice {
  readonly clip: string;
  readonly track: string;
  readonly media: string;
  readonly sourceTime: Flicks;
  /** Media seconds a second; negative backwards. */
  readonly speed: number;
  /** Linear, everything included: clip, track, fades, transitions, ducking. */
  readonly gain: number;
  /** -1 left to 1 right, of clip and track together. */
  readonly pan: number;
  /** When the voice sounds on the timeline, its transitions' overlap included. */
  readonly range: TimeRange;
}
