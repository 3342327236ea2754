import type { ClipRecord, GenerationRecord, Media } from "../../core/contract/index.ts";
import { LEFT_OUT } from "../../core/export/index.ts";
import type { WindowClient } from "../client/client.ts";
import { plural } from "../ui/format.ts";
import type { AnimateActions } from "./animate-actions.ts";
import { draftFrom, wordModels } from "./draft.ts";
import type { EditUiStore } from "./edit-ui.ts";
import type { Offer, Store } from "./store.ts";

/** What becomes of files that say how they were made. */
export interface RestoreActions {
  /** Asks of files that were just taken in whether they carry generation records, and offers these. Never rejects. */
  readonly look: (added: readonly Media[]) => Promise<void>;
  /** Puts a record's prompt, seed and settings into Create, ready to be made again or changed. */
  readonly use: (record: ClipRecord) => void;
  readonly dismiss: () => void;
}

/** Kinds of files in which the studio writes records. */
const canCarry = ({ kind }: Media): boolean => kind === "video" || kind === "picture";

export function createRestoreActions(
  store: Store,
  client: WindowClient,
  editUi: EditUiStore,
  animations: Pick<AnimateActions, "openRecord">,
): RestoreActions {
  const say = (text: string) => store.setState({ notice: { text, kind: "plain", undo: null }, announcement: text });

  return {
    async look(added) {
      const files: string[] = [];
      const records = new Map<string, ClipRecord>();
      for (const media of added.filter(canCarry)) {
        // A file that cannot be asked says nothing; it came in all the same.
        const found = await client.call("exports.records", { media: media.id }).catch(() => []);
        if (found.length > 0) files.push(media.name);
        for (const record of found) records.set(JSON.stringify(record), record);
      }
      if (records.size === 0) return;
      const offer = { files, records: [...records.values()] };
      store.setState({ offer, announcement: `${offerWords(offer)} They can be used again in Create.` });
    },

    use(record) {
      store.setState({ offer: null });
      editUi.setState({ workspace: "create" });
      if (record.schema === "plume.animation/1") animations.openRecord(record);
      else say(takeOver(store, record));
    },

    dismiss: () => store.setState({ offer: null }),
  };
}

/** “film.mp4” carries 2 generation records. */
export function offerWords({ files, records }: Offer): string {
  const what = plural(records.length, "generation record");
  return files.length === 1 ? `“${files[0]}” carries ${what}.` : `${files.length} files carry ${what}.`;
}

/** What was written in the prompt box; null where its maker left it out of the file. */
export function promptOf({ request }: ClipRecord): string | null {
  return request.prompt === LEFT_OUT ? null : request.prompt;
}

/** Sets the draft to what made the clip. Returns the sentence that tells it. */
function takeOver(store: Store, record: GenerationRecord): string {
  const { draft, models } = store.getState();
  const prompt = promptOf(record);
  const request = { ...record.request, prompt: prompt ?? draft.prompt };
  // Before the first model is ready nobody knows; without those weights the draft's own model stays as it was chosen.
  const isHere = models.length === 0 || wordModels(models).some(({ id }) => id === request.model);
  const model = isHere ? request.model : draft.model;
  const wanted = { ...draftFrom(request, draft), model };
  store.setState({ draft: wanted, problem: null, lane: null });
  const what =
    prompt === null ? "Settings taken over; the prompt was left out of the file." : "Prompt and settings taken over.";
  return isHere
    ? what
    : `${what} Its model, ${record.model.name}, is not installed here: another one makes another clip.`;
}
