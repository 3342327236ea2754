import {
  contract,
  type ImportPurpose,
  type Input,
  mediaSchema,
  type Method,
  openedTimelineSchema,
  type Output,
  replySchema,
  StudioError,
  type StudioEvent,
  studioEventSchema,
} from "../../core/contract/index.ts";
import type { WindowClient } from "./client.ts";

/** A way to the studio that carries plain data; what it carries is checked here, in both directions. */
export interface Wire {
  /** Sends a checked input and resolves with whatever came back, or rejects with StudioError when nothing did. */
  send(method: Method, input: unknown): Promise<unknown>;
  /** Hands over a file and resolves with the studio's reply, or rejects with StudioError when there was none. */
  sendFile(file: File, purpose: ImportPurpose): Promise<unknown>;
  /** Passes on whatever the studio tells; returns a function that stops it. */
  listen(listener: (event: unknown) => void): () => void;
}

/**
 * The contract over any wire: a wrong input is refused before it is sent, a wrong answer before anyone sees it, and what the studio
 * tells in words that this window does not know is passed over.
 */
export function createCheckedClient(wire: Wire): WindowClient {
  async function call<M extends Method>(method: M, input: Input<M>): Promise<Output<M>> {
    const checked = contract[method].input.safeParse(input);
    if (!checked.success) {
      throw new StudioError("BAD_REQUEST", checked.error.issues[0]?.message ?? "The request is not understood.");
    }
    const output = contract[method].output.safeParse(valueOf(await wire.send(method, checked.data)));
    if (!output.success) throw notUnderstood(output.error.message);
    return output.data as Output<M>;
  }
  return {
    call,
    subscribe: (listener) =>
      wire.listen((data) => {
        const event = studioEventSchema.safeParse(data);
        if (event.success) listener(event.data satisfies StudioEvent);
      }),
    clipUrl: (clipId) => `/media/${encodeURIComponent(clipId)}`,
    previewUrl: (jobId, step) => `/preview/${encodeURIComponent(jobId)}/${step}`,
    keyframeUrl: (jobId, place, version) => `/keyframe/${encodeURIComponent(jobId)}/${place}/${version}`,
    pictureUrl: (mediaId, version) => `/picture/${encodeURIComponent(mediaId)}/${version}`,
    mediaUrl: (id, version, what) => sourceUrl(id, version, what),
    posterUrl: (id, version) => sourceUrl(id, version, "poster"),
    stripUrl: (id, version) => sourceUrl(id, version, "strip"),
    peaksUrl: (id, version) => sourceUrl(id, version, "peaks"),
    maskUrl: (id, key) => `/masks/${encodeURIComponent(id)}/${encodeURIComponent(key)}`,
    soundUrl: (mediaId, version, { from, frames }) =>
      `/sound/${encodeURIComponent(mediaId)}/${version}/${from}/${frames}`,
    async addMedia(file, as) {
      const purpose = as === undefined ? {} : { as };
      const media = mediaSchema.safeParse(valueOf(await wire.sendFile(file, purpose)));
      if (!media.success) throw notUnderstood(media.error.message);
      return media.data;
    },
    async openTimeline(file) {
      const opened = openedTimelineSchema.safeParse(valueOf(await wire.sendFile(file, { opens: "timeline" })));
      if (!opened.success) throw notUnderstood(opened.error.message);
      return opened.data;
    },
    async layAside(file, purpose) {
      valueOf(await wire.sendFile(file, purpose));
    },
    async addFrame(file, sequence) {
      valueOf(await wire.sendFile(file, { sequence }));
    },
  };
}

const sourceUrl = (id: string, version: string, part: string): string =>
  `/source/${encodeURIComponent(id)}/${encodeURIComponent(version)}/${part}`;

/** The value of a reply. Errors: what the studio refused with, INTERNAL when it is no reply. */
function valueOf(answer: unknown): unknown {
  const reply = replySchema.safeParse(answer);
  if (!reply.success) throw notUnderstood(reply.error.message);
  if (!reply.data.ok) throw StudioError.fromData(reply.data.error);
  return reply.data.value;
}

const notUnderstood = (detail: string) =>
  new StudioError("INTERNAL", "The studio's answer was not understood.", detail);
