/** Runs in Chromium: paints plans with the window's own code and hands the pixels back. */
import { MaskPictures, paintFrame } from "../../core/paint/index.ts";
import { type FramePlan, picturesIn } from "../../core/render-plan/index.ts";
import { type BrowserImage, browserHost, browserPicture, browserSurface } from "../../renderer/paint/browser-host.ts";
import type { Picture } from "../../core/paint/index.ts";
import { sampleMasks, samplePicture } from "./cases.ts";

interface PaintPage {
  loadFont(family: string, descriptors: FontFaceDescriptors, base64: string): Promise<void>;
  /** RGBA8 as base64. */
  paint(plan: FramePlan, width: number, height: number): Promise<string>;
}

const page: PaintPage = {
  async loadFont(family, descriptors, base64) {
    const face = new FontFace(family, `url(data:font/woff2;base64,${base64})`, descriptors);
    document.fonts.add(await face.load());
  },
  async paint(plan, width, height) {
    const pictures = new Map<string, Picture<BrowserImage>>();
    for (const visual of picturesIn(plan)) {
      const { rgba, width: w, height: h } = samplePicture(visual.media, visual.sourceTime);
      const image = await createImageBitmap(new ImageData(rgba as Uint8ClampedArray<ArrayBuffer>, w, h));
      pictures.set(`${visual.media} ${visual.sourceTime}`, { image, width: w, height: h });
    }
    const target = browserSurface(width, height);
    paintFrame(
      plan,
      target.context,
      browserHost(
        (media, time) => pictures.get(`${media} ${time}`) ?? null,
        new MaskPictures<BrowserImage>(sampleMasks, browserPicture).mask,
      ),
      width,
      height,
    );
    const { data } = target.image.getContext("2d")!.getImageData(0, 0, width, height);
    let text = "";
    for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
    return btoa(text);
  },
};
(globalThis as unknown as { paintPage: PaintPage }).paintPage = page;
