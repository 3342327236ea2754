import type { ExchangeFormat, OpenedTimeline } from "../../core/contract/index.ts";
import { decodeText, ExchangeError, readSubtitles } from "../../core/exchange/index.ts";
import type { WindowClient } from "../client/client.ts";
import { plural } from "../ui/format.ts";
import { attempt as attemptOn } from "./attempt.ts";
import type { EditUiStore } from "./edit-ui.ts";
import type { PickedFile } from "./pick-files.ts";
import type { ProjectSession } from "./project.ts";
import type { Store } from "./store.ts";

/** Timelines and subtitles of other programs, in and out. None rejects: a refusal becomes a sentence in the window. */
export interface ExchangeActions {
  /** Opens the timelines among these files as projects and puts subtitles onto the open one's timeline; resolves with the other files. */
  readonly take: (files: readonly PickedFile[]) => Promise<readonly PickedFile[]>;
  /** Writes the open project for other programs, beside the exported films. */
  readonly write: (format: ExchangeFormat, name?: string) => Promise<void>;
}

const extensionOf = ({ file }: PickedFile): string => /\.([^.]+)$/.exec(file.name)?.[1]?.toLowerCase() ?? "";
const isTimeline = (file: PickedFile): boolean => ["otio", "otioz", "fcpxml"].includes(extensionOf(file));
const isSubtitles = (file: PickedFile): boolean => ["srt", "vtt"].includes(extensionOf(file));
/** No subtitles are longer. */
const MAX_SUBTITLE_BYTES = 20 * 2 ** 20;
/** Sentences that are told; the others are counted. */
const TOLD = 3;

export function createExchangeActions(
  store: Store,
  client: WindowClient,
  project: ProjectSession,
  editUi: EditUiStore,
): ExchangeActions {
  const attempt = (work: () => Promise<void>) => attemptOn(store, work);
  const say = (text: string, notes: readonly string[] = []) => {
    const rest = notes.length > TOLD ? [`And ${plural(notes.length - TOLD, "more note")} like these.`] : [];
    const whole = [text, ...notes.slice(0, TOLD), ...rest].join(" ");
    // What was lost on the way stays until it was read.
    const kind = notes.length > 0 ? "problem" : "plain";
    store.setState({ notice: { text: whole, kind, undo: null }, announcement: whole });
  };

  async function open({ file }: PickedFile): Promise<void> {
    store.setState({ adding: store.getState().adding + 1 });
    let opened: OpenedTimeline;
    try {
      opened = await client.openTimeline(file);
    } finally {
      store.setState({ adding: store.getState().adding - 1 });
    }
    editUi.setState({ workspace: "edit" });
    await project.open(opened.project);
    say(`Opened “${opened.name}” from “${file.name}”.`, opened.notes);
  }

  async function burn({ file }: PickedFile): Promise<void> {
    if (file.size > MAX_SUBTITLE_BYTES) return say(`“${file.name}” is too large to be subtitles: choose another file.`);
    try {
      const cues = readSubtitles(decodeText(new Uint8Array(await file.arrayBuffer())));
      editUi.setState({ workspace: "edit" });
      await project.openLast();
      if (!project.perform("addSubtitles", { cues }).ok) return;
      say(`${plural(cues.length, "subtitle")} of “${file.name}” added on a track of their own.`);
    } catch (cause) {
      if (!(cause instanceof ExchangeError)) throw cause;
      store.setState({ notice: { text: cause.message, kind: "problem", undo: null }, announcement: cause.message });
    }
  }

  return {
    async take(files) {
      for (const file of files.filter(isSubtitles)) await attempt(() => burn(file));
      for (const file of files.filter(isTimeline)) await attempt(() => open(file));
      return files.filter((file) => !isSubtitles(file) && !isTimeline(file));
    },

    write: (format, name) =>
      attempt(async () => {
        await project.openLast();
        const { state, document } = project.store.getState();
        if (state === null) return say("There is no project to write yet: put a clip on the timeline in Edit.");
        await project.settled();
        const title = name?.trim() || document.name.trim() || "Timeline";
        const written = await client.call("exports.exchange", { project: state.id, format, name: title.slice(0, 120) });
        say(`Wrote “${written.fileName}” into the folder for exports.`, written.notes);
      }),
  };
}
