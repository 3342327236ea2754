import { type Media, StudioError } from "../../core/contract/index.ts";
import { groupSequences } from "../../core/sequence/index.ts";
import type { MediaReference } from "../../core/timeline/index.ts";
import type { WindowClient } from "../client/client.ts";
import { plural } from "../ui/format.ts";
import { attempt as attemptOn } from "./attempt.ts";
import { fingerprintOf, sequenceFingerprintOf } from "./fingerprint.ts";
import type { MediaStatuses } from "./media-status.ts";
import type { PickedFile } from "./pick-files.ts";
import type { ProjectSession } from "./project.ts";
import type { Store } from "./store.ts";

/** Everything that the editor does with media. None rejects: a refusal becomes a sentence in the window. */
export interface MediaActions {
  /** Takes files into the studio and into the open project (which it makes where none is). Resolves with the ids of what came in. */
  readonly importFiles: (files: readonly PickedFile[]) => Promise<readonly string[]>;
  /** Notes media of the studio in the open project, so that edits can use it; true when all are. */
  readonly bring: (ids: readonly string[]) => Promise<boolean>;
  /** Looks among these files for media that the project misses, and gives those back to it. */
  readonly locate: (missing: readonly MediaReference[], files: readonly PickedFile[]) => Promise<void>;
  /** The project takes over what has become of files that changed on disk: their lengths, sizes, sounds. */
  readonly takeChanges: (ids: readonly string[]) => Promise<void>;
  /** Takes media off the project; the files stay, and so do clips that show them (they keep it from going). */
  readonly removeFromProject: (ids: readonly string[]) => void;
  readonly prepare: (ids: readonly string[]) => Promise<void>;
  readonly stopPreparing: (ids: readonly string[]) => Promise<void>;
}

/** Files on their way at one time: reading heads leaves the disk time to spare. */
const AT_ONCE = 2;
/** Refused files whose names are told. */
const NAMED = 4;

interface Refused {
  readonly name: string;
  readonly message: string;
}

/** @param statuses where media stand, as far as the window knows @param onAdded hears of what came in */
export function createMediaActions(
  store: Store,
  client: WindowClient,
  project: ProjectSession,
  statuses: () => MediaStatuses,
  onAdded: (media: readonly Media[]) => void = () => {},
): MediaActions {
  const attempt = (work: () => Promise<void>) => attemptOn(store, work);
  const announce = (announcement: string) => store.setState({ announcement });
  const count = (change: number) => store.setState({ adding: store.getState().adding + change });

  /** The project's missing media that this file is; undefined: it is none of them. */
  async function missedAs(file: File): Promise<string | undefined> {
    const known = statuses();
    const missing = Object.values(project.store.getState().document.media).filter(
      (media) => known[media.id]?.isOnline === false && couldBe(media, file),
    );
    if (missing.length === 0) return undefined;
    const { sha256 } = await fingerprintOf(file);
    return missing.find((media) => isUnseen(media) || media.fingerprint.sha256 === sha256)?.id;
  }

  async function takeIn(files: readonly PickedFile[]): Promise<{ added: Media[]; refused: Refused[] }> {
    const { sequences, others } = groupSequences(files, ({ file, folder }) => ({ folder, name: file.name }));
    const added: Media[] = [];
    const refused: Refused[] = [];
    const rate = project.store.getState().document.settings.rate;
    const tasks = [
      ...others.map(({ file }) => ({
        name: file.name,
        run: async () => client.addMedia(file, await missedAs(file)),
      })),
      ...sequences.map(({ name, members }) => ({
        name,
        run: () => addSequence(client, members, rate.numerator / rate.denominator),
      })),
    ];
    count(tasks.length);
    const work = async (): Promise<void> => {
      for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
        try {
          added.push(await task.run());
        } catch (cause) {
          refused.push({ name: task.name, message: StudioError.from(cause).message });
        } finally {
          count(-1);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return { added, refused };
  }

  const useMedia = async (ids: readonly string[]): Promise<void> => {
    const id = await project.ensure();
    // The change comes as an event too, by another way and perhaps later than what is done next.
    project.take(await client.call("projects.useMedia", { id, media: [...ids] }));
    await project.settled();
  };

  return {
    async importFiles(files) {
      let ids: readonly string[] = [];
      await attempt(async () => {
        if (files.length === 0) return;
        const { added, refused } = await takeIn(files);
        ids = [...new Set(added.map(({ id }) => id))];
        if (ids.length > 0) {
          await useMedia(ids);
          announce(`${plural(ids.length, "file")} added to the project.`);
          onAdded(added);
        }
        if (refused.length > 0) {
          const text = refusalOf(refused, ids.length);
          store.setState({ notice: { text, kind: "problem", undo: null }, announcement: text });
        }
      });
      return ids;
    },

    async bring(ids) {
      const { document } = project.store.getState();
      const strange = ids.filter((id) => document.media[id] === undefined);
      let isAll = strange.length === 0;
      if (!isAll)
        await attempt(async () => {
          await useMedia(strange);
          isAll = true;
        });
      return isAll;
    },

    locate: (missing, files) =>
      attempt(async () => {
        if (files.length === 0 || missing.length === 0) return;
        const left = new Map(missing.map((media) => [media.id, media]));
        count(1);
        try {
          for (const { file } of files) {
            const alike = [...left.values()].filter((media) => couldBe(media, file));
            if (alike.length === 0) continue;
            const { sha256 } = await fingerprintOf(file);
            for (const media of alike.filter((each) => isUnseen(each) || each.fingerprint.sha256 === sha256)) {
              await client.addMedia(file, media.id);
              left.delete(media.id);
            }
          }
          for (const { members } of groupSequences(files, ({ file, folder }) => ({ folder, name: file.name }))
            .sequences) {
            const { bytes, sha256 } = await sequenceFingerprintOf(members.map(({ file }) => file));
            for (const media of left.values()) {
              if (media.fingerprint.bytes !== bytes || media.fingerprint.sha256 !== sha256) continue;
              const rate = media.rate === null ? 24 : media.rate.numerator / media.rate.denominator;
              await addSequence(client, members, rate, media.id);
              left.delete(media.id);
            }
          }
        } finally {
          count(-1);
        }
        const found = missing.length - left.size;
        const rest = [...left.values()].map(({ name }) => `“${name}”`).slice(0, NAMED);
        const text =
          left.size === 0
            ? `Found ${missing.length === 1 ? `“${missing[0]!.name}”` : `all ${missing.length} missing files`}.`
            : found === 0
              ? `None of the chosen files is ${rest.join(" or ")}: choose the same file, or the folder that it is in.`
              : `Found ${found} of ${missing.length}; ${rest.join(", ")} ${left.size === 1 ? "is" : "are"} still missing.`;
        store.setState({
          notice: { text, kind: left.size === 0 ? "plain" : "problem", undo: null },
          announcement: text,
        });
      }),

    takeChanges: (ids) =>
      attempt(async () => {
        if (ids.length === 0) return;
        const names = ids.map((id) => project.store.getState().document.media[id]?.name ?? id);
        await useMedia(ids);
        const what = names.length === 1 ? `“${names[0]}” is` : `${names.length} files are`;
        const text = `${what} used as it is on disk now; clips that it is too short for were shortened.`;
        const said =
          names.length === 1
            ? text
            : text.replace("as it is on", "as they are on").replace("that it is", "that they are");
        store.setState({ notice: { text: said, kind: "plain", undo: null }, announcement: said });
      }),

    removeFromProject(ids) {
      const { document } = project.store.getState();
      const known = ids.filter((id) => document.media[id] !== undefined);
      if (known.length === 0) return;
      if (project.perform("removeMedia", { media: [...known] }).ok)
        announce(`${plural(known.length, "file")} removed from the project.`);
    },

    prepare: (ids) => attempt(async () => void (await client.call("media.prepare", { ids: [...ids] }))),
    stopPreparing: (ids) => attempt(async () => void (await client.call("media.cancel", { ids: [...ids] }))),
  };
}

/** Of a timeline of another editor nothing is known but the file's name. */
const isUnseen = ({ fingerprint }: MediaReference): boolean => fingerprint.bytes === 0;

/** A file's name as systems tell it apart: some keep letters and their accents in two. */
const plain = (name: string): string => name.normalize("NFC").toLowerCase();

/** Whether a file may be this media, as far as it can be told without reading it. */
function couldBe(media: MediaReference, { name, size }: File): boolean {
  if (!isUnseen(media)) return media.fingerprint.bytes === size;
  return plain(media.path.split(/[\\/]/).at(-1)!) === plain(name);
}

async function addSequence(
  client: WindowClient,
  members: readonly PickedFile[],
  rate: number,
  as?: string,
): Promise<Media> {
  const sequence = `s${crypto.randomUUID().replaceAll("-", "")}`;
  for (const { file } of members) await client.addFrame(file, sequence);
  return client.call("media.assemble", { sequence, rate, ...(as === undefined ? {} : { as }) });
}

/** One sentence about the files that could not be read, by name and with the first reason; the others are in already. */
function refusalOf(refused: readonly Refused[], added: number): string {
  const [first, ...others] = refused;
  const rest = others.map(({ name }) => `“${name}”`);
  const named = rest.slice(0, NAMED).join(", ");
  const more = rest.length > NAMED ? ` and ${rest.length - NAMED} more` : "";
  const also = rest.length === 0 ? "" : ` Not read either: ${named}${more}.`;
  const kept = added === 0 ? "" : ` The other ${added === 1 ? "file was" : `${added} files were`} added.`;
  return first!.message + also + kept;
}
