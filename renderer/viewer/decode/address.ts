import type { Flicks } from "../../../core/time/index.ts";
import type { MediaReference } from "../../../core/timeline/index.ts";

/** Where the bytes of a media are; or one sentence that says why they are not to be had. */
export type MediaAddress =
  | {
      readonly url: string;
      readonly kind: "film" | "still";
      /** What the file itself calls the media's time 0. */
      readonly origin: Flicks;
      /** Nothing is seen through its pictures; absent where that is not known. */
      readonly isSolid?: boolean;
    }
  | { readonly problem: string };

export type Locate = (media: MediaReference) => MediaAddress;
