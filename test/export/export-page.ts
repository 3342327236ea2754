/** Runs in Chromium: shows frames of a timeline just as the viewer does, decoded by its readers and painted by its painter. */
import { paintFrame } from "../../core/paint/index.ts";
import { planFrame } from "../../core/render-plan/index.ts";
import type { Flicks } from "../../core/time/index.ts";
import type { Timeline } from "../../core/timeline/index.ts";
import { browserHost, browserSurface } from "../../renderer/paint/browser-host.ts";
import { MediaFiles } from "../../renderer/viewer/decode/media-files.ts";
import { FrameSources } from "../../renderer/viewer/decode/frame-sources.ts";

const page = {
  async loadFont(family: string, descriptors: FontFaceDescriptors, base64: string): Promise<void> {
    document.fonts.add(await new FontFace(family, `url(data:font/woff2;base64,${base64})`, descriptors).load());
  },
  /** RGBA8 as base64, one for each time. */
  async frames(timeline: Timeline, times: readonly Flicks[], width: number, height: number): Promise<string[]> {
    const sources = new FrameSources(timeline, new MediaFiles(), (media) => ({
      url: `/media/${media.path}`,
      kind: media.kind === "image" ? "still" : "film",
      origin: 0,
    }));
    const pictures: string[] = [];
    try {
      for (const time of times) {
        const plan = planFrame(timeline, time);
        await sources.ready(plan);
        const { context, image } = browserSurface(width, height);
        paintFrame(plan, context, browserHost(sources.picture(plan)), width, height);
        const { data } = image.getContext("2d")!.getImageData(0, 0, width, height);
        let text = "";
        for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
        pictures.push(btoa(text));
      }
    } finally {
      sources.dispose();
    }
    return pictures;
  },
};
export type ExportPage = typeof page;
(globalThis as unknown as { exportPage: ExportPage }).exportPage = page;
