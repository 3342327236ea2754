import { mkdir, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { type Media, StudioError } from "../../../core/contract/index.ts";
import { rateFrom } from "../../../core/time/index.ts";
import {
  decodeSound,
  decodesPicture,
  type FilmFacts,
  isAnimatedWebp,
  isHeic,
  type MediaFacts,
  type MediaTools,
  partPath,
  type PictureFacts,
  probeInput,
  probeMedia,
  publish,
  readsHeic,
  seesThrough,
  type SoundFacts,
  unpackWebp,
} from "../../media/index.ts";
import { fingerprint, sequenceFingerprint } from "../fingerprint.ts";
import { type Catalogue, type Entry, LOOK, type Source, versionOf } from "./catalogue.ts";

/** Where the container states no length, this much is decoded to find one. */
const UNKNOWN_LENGTH_SECONDS = 120;

export interface Looking {
  readonly id: string;
  readonly name: string;
  readonly source: Source;
}

/**
 * Looks into a file, or a sequence of pictures: what it holds, and that it really decodes. Its size as a still is the caller's to find.
 * Errors: MEDIA_MISSING, MEDIA_UNREADABLE with the file's name in the sentence.
 */
export async function lookInto(
  tools: MediaTools,
  catalogue: Catalogue,
  { id, name, source }: Looking,
): Promise<{ readonly entry: Entry; readonly facts: MediaFacts }> {
  const path = catalogue.pathOf(source, id);
  const info = await stat(path).catch(() => null);
  if (info === null) throw new StudioError("MEDIA_MISSING", `“${name}” is not there: check its path.`, path);
  if (!info.isFile())
    throw new StudioError("MEDIA_UNREADABLE", `“${name}” is a folder: choose the file inside it.`, path);
  if (info.size === 0) throw new StudioError("MEDIA_UNREADABLE", `“${name}” is empty: choose another file.`, path);
  const input = catalogue.inputOf(source, id);
  if (source.kind !== "sequence" && (await isHeic(path)) && !(await readsHeic(tools, input)))
    throw new StudioError(
      "MEDIA_UNREADABLE",
      `“${name}” is a HEIC picture, which cannot be read here: save it as JPEG or PNG, then add that.`,
      path,
    );
  try {
    const isUnpacked = source.kind !== "sequence" && (await isAnimatedWebp(path));
    const facts = isUnpacked
      ? await unpack(tools, path, catalogue.unpackedPath(id))
      : source.kind === "sequence"
        ? await probeInput(tools, input)
        : await probeMedia(tools, path);
    const files = catalogue.filesOf(source, id);
    const common = {
      id,
      name,
      bytes: info.size,
      version: await versionOf(path),
      isThere: true,
      addedAt: new Date().toISOString(),
    };
    const print = source.kind === "sequence" ? await sequenceFingerprint(files) : await fingerprint(path);
    const read = isUnpacked && facts.kind === "video" ? [`file:${catalogue.unpackedPath(id)}`] : input;
    const about = await describe(tools, read, path, facts, source);
    return {
      facts: about.facts,
      entry: {
        schema: "plume.media/1",
        look: LOOK,
        media: {
          ...common,
          ...(source.kind === "sequence" ? { bytes: print.bytes, version: print.sha256.slice(0, 32) } : {}),
          ...about.media,
        } as Media,
        source,
        isUnpacked: isUnpacked && facts.kind === "video",
        stamp: (await catalogue.stamp(source, id)) ?? "",
        fingerprint: print,
        technical: technical(about.facts),
      },
    };
  } catch (error) {
    throw named(error, name);
  }
}

/** An animated WebP as a film that ffmpeg reads, beside the list; its own name is kept in what is told of it. */
async function unpack(tools: MediaTools, path: string, target: string): Promise<MediaFacts> {
  await mkdir(dirname(target), { recursive: true });
  const part = partPath(dirname(target));
  try {
    await unpackWebp(tools, path, part);
    await publish(part, target, true);
  } finally {
    await unlink(part).catch(() => {}); // published
  }
  const input = [`file:${target}`];
  const facts = await probeInput(tools, input);
  if (facts.kind !== "video") return facts;
  return { ...facts, codec: "webp", format: "webp_pipe", alpha: await seesThrough(tools, input) };
}

type Described = { readonly facts: MediaFacts; readonly media: object };

async function describe(
  tools: MediaTools,
  input: readonly string[],
  path: string,
  facts: MediaFacts,
  source: Source,
): Promise<Described> {
  if (facts.kind === "picture") return { facts, media: pictureFields(facts) };
  if (facts.kind === "sound") return { facts, media: await soundFields(tools, path, facts) };
  if (await decodesPicture(tools, input)) return { facts, media: filmFields(facts, source) };
  // Pictures that do not decode are no reason to throw the sound away.
  if (facts.audio === null)
    throw new StudioError(
      "MEDIA_UNREADABLE",
      `This file holds no picture that can be decoded (${facts.codec}): convert it first.`,
    );
  const note = `Its pictures cannot be decoded (${facts.codec}): only its sound is used.`;
  return { facts: facts.audio, media: { ...(await soundFields(tools, path, facts.audio)), note } };
}

const pictureFields = ({ width, height, alpha }: PictureFacts) => ({
  kind: "picture" as const,
  width,
  height,
  alpha,
  note: null,
});

async function soundFields(tools: MediaTools, path: string, facts: SoundFacts) {
  const { sampleRate, channels, layout } = facts;
  // A head is easily forged; sound is what decodes.
  const probed = await decodeSound(tools, path, facts, {
    from: 0,
    seconds: facts.seconds > 0 ? Math.min(facts.seconds, 1) : UNKNOWN_LENGTH_SECONDS,
  });
  if (probed.filled === 0)
    throw new StudioError("MEDIA_UNREADABLE", "This file holds no sound that can be read: choose another.");
  const seconds = facts.seconds > 0 ? facts.seconds : probed.filled / probed.sampleRate;
  const note = facts.hasMore ? "Only the first sound track of this file is used." : null;
  return { kind: "sound" as const, seconds, sampleRate, channels, layout, note };
}

function filmFields(facts: FilmFacts, source: Source) {
  const { width, height, seconds, audio, framesPerSecond, ...rest } = facts;
  const { codec, depth, hdr, alpha, isVariable, rotation, isInterlaced, pixelAspect, start, origin } = rest;
  const sequence = source.kind === "sequence" ? source.count : null;
  return {
    kind: "video" as const,
    width,
    height,
    seconds: sequence === null ? seconds : sequence / framesPerSecond,
    rate: rateFrom(framesPerSecond),
    video: { codec, depth, hdr, alpha, isVariable, rotation, isInterlaced, pixelAspect, sequence, start, origin },
    audio:
      audio === null
        ? null
        : { seconds: audio.seconds, sampleRate: audio.sampleRate, channels: audio.channels, layout: audio.layout },
    note: filmNote(facts),
  };
}

/** What was noticed about a film that decides how it looks or sounds here; null for an ordinary one. */
function filmNote({ hdr, isVariable, isInterlaced, audio }: FilmFacts): string | null {
  const notes = [
    ...(hdr === null ? [] : [`HDR (${hdr.toUpperCase()}) is shown as standard range.`]),
    ...(isVariable ? ["Its frame rate varies: it is played at its mean rate."] : []),
    ...(isInterlaced ? ["It is interlaced: it is shown deinterlaced."] : []),
    ...(audio?.hasMore === true ? ["Only its first sound track is used."] : []),
    ...((audio?.channels ?? 0) > 2 ? [`Its ${audio!.channels} channels are heard as stereo.`] : []),
  ];
  return notes.length === 0 ? null : notes.join(" ");
}

function technical(facts: MediaFacts): Entry["technical"] {
  const { format, codec } = facts;
  const pixelFormat = facts.kind === "sound" ? "" : facts.pixelFormat;
  const audioCodec = facts.kind === "sound" ? codec : facts.kind === "video" ? (facts.audio?.codec ?? "") : "";
  const matrix = facts.kind === "video" ? facts.matrix : "";
  return { format, codec, pixelFormat, audioCodec, matrix, hdr: facts.kind === "sound" ? null : facts.hdr };
}

/** The sentence for one file among several names it. */
function named(cause: unknown, name: string): StudioError {
  const error = StudioError.from(cause);
  if (error.code !== "MEDIA_UNREADABLE") return error;
  const message = error.message.replace(/^This (file|picture) /, `“${name}” `);
  return new StudioError(error.code, message, error.detail);
}
