import type { Picture } from "../../../core/paint/index.ts";
import { type FramePlan, type PictureAt, picturesIn } from "../../../core/render-plan/index.ts";
import { findClip, type Timeline } from "../../../core/timeline/index.ts";
import type { Flicks } from "../../../core/time/index.ts";
import {
  decodeStill,
  type Frame,
  type FrameReader,
  type FrameSource,
  type MediaTools,
  openFrameReader,
} from "../../media/index.ts";
import { type NodeFrame, nodeFrame } from "../../paint/node-frame.ts";
import type { NodeImage } from "../../paint/node-host.ts";
import type { MediaFiles } from "./media-files.ts";

/** A reader is closed when it was not asked for so many frames. */
const IDLE_FRAMES = 30;

interface Open {
  readonly media: string;
  readonly direction: 1 | -1;
  readonly reader: FrameReader;
  readonly target: NodeFrame;
  /** What is in `target`. */
  begin: Flicks | null;
  frame: Frame | null;
  usedAt: number;
}

/** What one frame of the film is painted from. */
export interface Pictures {
  /** As the painter asks. */
  find(media: string, sourceTime: Flicks): Picture<NodeImage> | null;
  /** Names what is shown: equal for two frames that look alike. */
  readonly key: string;
  /** Pixels of the one picture, when there is just one and it comes from a film without transparency. */
  readonly only: { readonly frame: Frame; readonly width: number; readonly height: number } | null;
}

/** Decoded pictures of a timeline, in the order of the film's frames: each clip has a decoder while it is seen. */
export class FramePool {
  private readonly tools: MediaTools;
  private readonly document: Timeline;
  private readonly media: MediaFiles;
  private readonly open = new Map<string, Open>();
  private readonly stills = new Map<string, Promise<Picture<NodeImage>>>();
  private now = 0;

  constructor(tools: MediaTools, document: Timeline, media: MediaFiles) {
    this.tools = tools;
    this.document = document;
    this.media = media;
  }

  /** Decodes everything that a frame shows. Errors: MEDIA_MISSING, MEDIA_UNREADABLE. */
  async pictures(plan: FramePlan): Promise<Pictures> {
    this.now += 1;
    const visuals = picturesIn(plan);
    const active = new Set(visuals.map(({ clip }) => clip));
    const found = await Promise.all(visuals.map((visual) => this.picture(visual, active)));
    await this.closeIdle();
    const byMoment = new Map(
      found.map(({ picture }, i) => [`${visuals[i]!.media} ${visuals[i]!.sourceTime}`, picture]),
    );
    const [first] = found;
    const key = found.map(({ begin }, i) => `${visuals[i]!.media}@${begin}`).join(" ");
    return {
      find: (media, time) => byMoment.get(`${media} ${time}`) ?? null,
      key,
      only:
        found.length === 1 && first!.frame !== null
          ? { frame: first!.frame, width: first!.picture.width, height: first!.picture.height }
          : null,
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.open.values()].map(({ reader }) => reader.close()));
    this.open.clear();
  }

  private async picture(
    { clip, media, sourceTime }: PictureAt,
    active: ReadonlySet<string>,
  ): Promise<{ picture: Picture<NodeImage>; begin: Flicks; frame: Frame | null }> {
    const { reference } = this.media.get(media);
    if (reference.kind === "image") return { picture: await this.still(media), begin: 0, frame: null };
    const open = await this.reader(clip, media, sourceTime, active);
    open.usedAt = this.now;
    const frame = await open.reader.frameAt(sourceTime);
    if (open.begin !== frame.begin) {
      open.target.put(frame.pixels);
      open.begin = frame.begin;
    }
    const { hasAlpha } = await this.media.factsOf(media);
    return { picture: open.target.picture, begin: frame.begin, frame: hasAlpha ? null : frame };
  }

  /** The clip's reader, one of the same media that stands just before, or a new one. */
  private async reader(clip: string, media: string, time: Flicks, active: ReadonlySet<string>): Promise<Open> {
    const known = this.open.get(clip);
    if (known?.media === media) return known;
    const direction = findClip(this.document, clip)?.reversed === true ? -1 : 1;
    for (const [owner, each] of this.open) {
      if (active.has(owner) || each.media !== media || each.direction !== direction || direction === -1) continue;
      if (each.reader.position > time) continue;
      this.open.delete(owner);
      this.open.set(clip, each);
      return each;
    }
    const { reference, input } = this.media.get(media);
    const facts = await this.media.factsOf(media);
    const { width, height } = reference.size ?? facts;
    const source: FrameSource = { name: reference.name, input, facts, rate: reference.rate, width, height };
    const reader = openFrameReader(this.tools, source, direction);
    const open: Open = {
      media,
      direction,
      reader,
      target: nodeFrame(width, height),
      begin: null,
      frame: null,
      usedAt: this.now,
    };
    this.open.set(clip, open);
    return open;
  }

  private still(media: string): Promise<Picture<NodeImage>> {
    const known = this.stills.get(media) ?? this.decodeStill(media);
    this.stills.set(media, known);
    return known;
  }

  private async decodeStill(media: string): Promise<Picture<NodeImage>> {
    const { path, reference } = this.media.get(media);
    const { width, height } = reference.size ?? (await this.media.factsOf(media));
    const frame = nodeFrame(width, height);
    frame.put(await decodeStill(this.tools, { name: reference.name, file: path, width, height }));
    return frame.picture;
  }

  private async closeIdle(): Promise<void> {
    for (const [clip, { usedAt, reader }] of this.open) {
      if (usedAt >= this.now - IDLE_FRAMES) continue;
      this.open.delete(clip);
      await reader.close();
    }
  }
}
