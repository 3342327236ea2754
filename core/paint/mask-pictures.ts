import type { SubjectLook } from "../render-plan/index.ts";
import { flicksToSeconds } from "../time/index.ts";
import { maskAt, shaped, type SubjectMasks } from "../vision/index.ts";
import type { Picture } from "./canvas.ts";

/** Masks that are kept: those of one frame of several clips, and of the frame before. */
const KEPT = 8;

/** Makes the masks that a painter asks for, of mask files that were read before. */
export class MaskPictures<Image> {
  private readonly find: (media: string, time: number) => SubjectMasks | null;
  private readonly make: (rgba: Uint8ClampedArray<ArrayBuffer>, width: number, height: number) => Picture<Image>;
  /** The one used last comes last. */
  private readonly kept = new Map<string, { readonly masks: SubjectMasks; readonly picture: Picture<Image> }>();

  /** @param find the masks of a media at a time (seconds), null while there are none @param make a picture of RGBA8, not premultiplied */
  constructor(find: MaskPictures<Image>["find"], make: MaskPictures<Image>["make"]) {
    this.find = find;
    this.make = make;
  }

  /** Null where nothing of these kinds was found in the whole stretch, or nobody has looked. */
  readonly mask = ({ media, maskTime, kinds, feather, grow }: SubjectLook): Picture<Image> | null => {
    const masks = this.find(media, flicksToSeconds(maskTime));
    if (masks === null || !masks.tracks.some(({ label }) => kinds === null || kinds.includes(label))) return null;
    const key = JSON.stringify([media, maskTime, kinds, feather, grow]);
    const known = this.kept.get(key);
    this.kept.delete(key);
    const picture = known?.masks === masks ? known.picture : this.paint(masks, { maskTime, kinds, feather, grow });
    this.kept.set(key, { masks, picture });
    for (const oldest of this.kept.keys())
      if (this.kept.size > KEPT) this.kept.delete(oldest);
      else break;
    return picture;
  };

  private paint(
    masks: SubjectMasks,
    { maskTime, kinds, feather, grow }: Pick<SubjectLook, "maskTime" | "kinds" | "feather" | "grow">,
  ): Picture<Image> {
    const { width, height, alpha } = shaped(maskAt(masks, { time: flicksToSeconds(maskTime), kinds }), {
      feather,
      grow,
    });
    const rgba = new Uint8ClampedArray(4 * alpha.length);
    for (let i = 0; i < alpha.length; i++) rgba[4 * i + 3] = alpha[i]!;
    return this.make(rgba, width, height);
  }
}
