import {
  type AnimateJob,
  type AnimationRecord,
  asLaneMedia,
  type LaneMedia,
  type Media,
  type SoundRange,
  StudioError,
} from "../../core/contract/index.ts";
import type { WindowClient } from "../client/client.ts";
import { fixedFrames, fromSegments, type LaneKeyframes } from "../motion-lane/keyframes.ts";
import { plural } from "../ui/format.ts";
import { attempt as attemptOn } from "./attempt.ts";
import type { AnimateItem } from "./items.ts";
import { animators, fittingRange, type Lane, laneFrom, laneRequest, newLane } from "./lane.ts";
import type { LaneDrafts } from "./lane-drafts.ts";
import type { State, Store } from "./store.ts";

/** Everything that the user can do with pictures and sounds. None rejects: a refusal becomes a sentence in the window. */
export interface AnimateActions {
  /** Takes dropped or chosen files in; one dropped onto a picture or sound of the other kind opens the lane with both. */
  readonly addFiles: (files: readonly File[], onto?: LaneMedia) => Promise<void>;
  readonly removeMedia: (media: LaneMedia) => Promise<void>;
  readonly restoreMedia: (id: string) => Promise<void>;
  /** What stands behind a picture or sound becomes this file. */
  readonly replaceMedia: (media: LaneMedia, file: File) => Promise<void>;
  /** Selects a picture or sound beside the one of the other kind that is selected already. */
  readonly pickMedia: (id: string) => void;
  /** Opens the lane with a picture and a sound; absent: with those that are selected, or the newest of each. */
  readonly openLane: (first?: string, second?: string) => void;
  readonly closeLane: () => void;
  /** Opens the lane that was open when the window was closed, as it was left. */
  readonly restoreLane: () => void;
  /** Opens the lane as the item was made; its keyframes are the user's, unless the sound is another now. */
  readonly reuse: (item: AnimateItem) => void;
  /** Opens the lane as a record says, where the very picture and sound are in the list; else says which to drop first. */
  readonly openRecord: (record: AnimationRecord) => void;
  readonly openJob: (job: AnimateJob) => void;
  readonly editLane: (change: Partial<Lane>) => void;
  readonly setRange: (range: SoundRange) => void;
  readonly setFollow: (follow: Lane["follow"]) => void;
  /** A curve that the user drew; keyframes that nobody placed follow it. */
  readonly drawCurve: (curve: readonly number[]) => void;
  readonly setKeyframes: (keyframes: LaneKeyframes, said?: string) => void;
  /** Finds the automatic keyframes anew, placed ones stay. */
  readonly replan: () => Promise<void>;
  readonly animate: () => Promise<void>;
  readonly approve: (job: AnimateJob) => Promise<void>;
  readonly reroll: (job: AnimateJob, only: readonly number[] | null, prompt?: string) => Promise<void>;
  /** Queues a failed job again; it goes on from where it was. */
  readonly retryJob: (job: AnimateJob) => Promise<void>;
  readonly pause: (id: string) => Promise<void>;
  readonly resume: (id: string) => Promise<void>;
}

const TYPING_MS = 350;
const problem = (cause: unknown) => StudioError.from(cause).toData();

/** @param onAdded hears of the files that came in */
export function createAnimateActions(
  store: Store,
  client: WindowClient,
  drafts: LaneDrafts,
  onAdded: (media: readonly Media[]) => void = () => {},
): AnimateActions {
  let typing: ReturnType<typeof setTimeout> | undefined;
  const set = (change: Partial<State>) => store.setState(change);
  const announce = (announcement: string) => set({ announcement });
  const edit = (change: Partial<Lane>) => {
    const { lane } = store.getState();
    if (lane) set({ lane: { ...lane, ...change } });
  };
  const attempt = (work: () => Promise<void>) => attemptOn(store, work);

  /** Starts a question to the studio for the lane as it is now; the answer counts only while the lane still waits for it. */
  function ask(busy: "listening" | "planning"): { lane: Lane; isCurrent: () => boolean } | null {
    const { lane } = store.getState();
    if (!lane) return null;
    const turn = lane.turn + 1;
    const asked = { ...lane, turn, busy, problem: null };
    set({ lane: asked });
    return { lane: asked, isCurrent: () => store.getState().lane?.turn === turn };
  }

  async function listen(keepsKeyframes: boolean): Promise<void> {
    const question = ask("listening");
    if (!question) return;
    const { lane, isCurrent } = question;
    try {
      const analysis = await client.call("sound.analyze", { id: lane.sound, range: lane.range });
      if (!isCurrent()) return;
      edit({ analysis, busy: null });
      if (analysis.note) announce(analysis.note);
      if (!keepsKeyframes || lane.keyframes.length === 0) await plan();
      else await plan(true);
    } catch (cause) {
      if (isCurrent()) edit({ problem: problem(cause), busy: null });
    }
  }

  /** Asks where keyframes go; `curveOnly` leaves them where they are. */
  async function plan(curveOnly = false): Promise<void> {
    const question = ask("planning");
    if (!question) return;
    const { lane, isCurrent } = question;
    const model = animators(store.getState().models)[0];
    // Until the model has said its word, keyframes follow the onsets, so that there is something to look at and to change.
    if (lane.follow === "predicted" && lane.keyframes.length === 0 && lane.analysis)
      await provisional(lane, isCurrent).catch(() => {});
    try {
      const { curve, segments } = await client.call("animation.plan", {
        sound: lane.sound,
        range: lane.range,
        follow: lane.follow,
        fixed: fixedFrames(lane.keyframes),
        ...(lane.follow === "drawn" && lane.curve ? { curve: [...lane.curve] } : {}),
        ...(model && lane.follow === "predicted" ? { model: model.id } : {}),
      });
      const now = store.getState().lane;
      if (!now || !isCurrent()) return;
      if (curveOnly) return edit({ curve, busy: null });
      // Keyframes that the user placed meanwhile are not in the answer: it is asked again with them, and they stay.
      if (String(fixedFrames(now.keyframes)) !== String(fixedFrames(lane.keyframes))) {
        edit({ curve });
        return await plan();
      }
      edit({
        curve,
        starts: segments.map(({ start }) => start),
        keyframes: fromSegments(segments, new Set(fixedFrames(lane.keyframes))),
        busy: null,
      });
    } catch (cause) {
      if (isCurrent()) edit({ problem: problem(cause), busy: null });
    }
  }

  async function provisional(lane: Lane, isCurrent: () => boolean): Promise<void> {
    const curve = lane.analysis?.curves.onset ?? [];
    const { segments } = await client.call("animation.plan", {
      sound: lane.sound,
      range: lane.range,
      follow: "drawn",
      curve: [...curve],
    });
    if (isCurrent()) edit({ starts: segments.map(({ start }) => start), keyframes: fromSegments(segments) });
  }

  const mediaOf = (id: string) => store.getState().media.find((media) => media.id === id);

  function open(first?: string, second?: string): void {
    const { media, picked, lane } = store.getState();
    const ids = first === undefined ? picked : [first, ...(second === undefined ? [] : [second])];
    const chosen = ids.flatMap((id) => mediaOf(id) ?? []);
    const find = <K extends LaneMedia["kind"]>(kind: K) =>
      [...chosen, ...media].find((each) => each.kind === kind && each.isThere) as
        | Extract<LaneMedia, { kind: K }>
        | undefined;
    const [picture, sound] = [find("picture"), find("sound")];
    if (!picture || !sound) {
      const text = `Drop a ${picture ? "sound" : sound ? "picture" : "picture and a sound"} here first.`;
      return set({ notice: { text, kind: "plain", undo: null }, announcement: text });
    }
    const fresh = newLane(picture, sound, lane);
    const jobs = store.getState().jobs.filter((job) => job.kind === "animate");
    const kept = drafts.restore(fresh, { picture, sound }, jobs);
    set({
      lane: kept ?? fresh,
      picked: [],
      announcement: `Motion lane with “${picture.name}” and “${sound.name}”.`,
    });
    void listen(kept !== null);
  }

  return {
    addFiles: (files, onto) =>
      attempt(async () => {
        const taken: Media[] = [];
        const refused: string[] = [];
        set({ adding: store.getState().adding + files.length });
        for (const file of files) {
          try {
            taken.push(await client.addMedia(file));
          } catch (cause) {
            refused.push(StudioError.from(cause).message);
          } finally {
            set({ adding: store.getState().adding - 1 });
          }
        }
        const added = taken.flatMap((each) => asLaneMedia(each) ?? []);
        // The list comes as an event too; here it must be there before the lane opens.
        const known = store.getState().media.filter(({ id }) => !added.some((each) => each.id === id));
        if (added.length > 0) set({ media: [...added, ...known] });
        const { lane } = store.getState();
        const beside = lane ? mediaOf(added[0]?.kind === "picture" ? lane.sound : lane.picture) : undefined;
        // Two of a pair come together; one alone joins what it was dropped on, or what the open lane holds.
        const other = onto ?? added.find(({ kind }) => kind !== added[0]?.kind) ?? beside;
        const partner = added.find(({ kind }) => kind !== other?.kind);
        if (other && partner) open(partner.id, other.id);
        else if (added.length > 0) announce(`${plural(added.length, "file")} added.`);
        onAdded(taken);
        const [first] = refused;
        if (first !== undefined) {
          const more = refused.length > 1 ? ` And ${plural(refused.length - 1, "more file")} could not be read.` : "";
          set({ notice: { text: first + more, kind: "problem", undo: null }, announcement: first });
        }
      }),

    removeMedia: (media) =>
      attempt(async () => {
        await client.call("media.remove", { id: media.id });
        const text = `Took “${media.name}” off the list.`;
        set({ notice: { text, kind: "plain", undo: { media: media.id } }, announcement: text });
      }),
    restoreMedia: (id) =>
      attempt(async () => {
        const media = await client.call("media.restore", { id });
        announce(`“${media.name}” is back.`);
      }),

    replaceMedia: (media, file) =>
      attempt(async () => {
        const fresh = await client.addMedia(file);
        if (asLaneMedia(fresh)?.kind !== media.kind) {
          throw new StudioError("BAD_REQUEST", `“${file.name}” is no ${media.kind}: choose a ${media.kind}.`);
        }
        const now = await client.call("media.replace", { id: media.id, by: fresh.id });
        announce(`“${media.name}” was replaced by “${now.name}”. Clips made from it are marked.`);
        const { lane } = store.getState();
        if (lane?.sound === media.id) await listen(false);
      }),

    pickMedia(id) {
      const { picked } = store.getState();
      if (picked.includes(id)) return set({ picked: picked.filter((each) => each !== id) });
      const kind = mediaOf(id)?.kind;
      set({ picked: [...picked.filter((each) => mediaOf(each)?.kind !== kind), id] });
    },

    openLane: open,
    closeLane: () => set({ lane: null }),
    restoreLane() {
      const pair = drafts.open;
      const { media, lane } = store.getState();
      const isThere = (id: string) => media.some((each) => each.id === id && each.isThere);
      if (pair && !lane && isThere(pair.picture) && isThere(pair.sound)) open(pair.picture, pair.sound);
    },

    reuse(item) {
      const { lane, media } = store.getState();
      const { request, clip } = item;
      const missing = [request.picture, request.sound].some((id) => !media.some((each) => each.id === id));
      if (missing) {
        const text = "Its picture or its sound is not in the list any more: drop them again.";
        return set({ notice: { text, kind: "plain", undo: null }, announcement: text });
      }
      const sound = media.find(({ id }) => id === request.sound);
      const isSame = clip?.record.schema !== "plume.animation/1" || clip.record.inputs.sound.version === sound?.version;
      const opened = laneFrom(request, lane);
      set({ lane: isSame ? opened : { ...opened, starts: [], keyframes: [], follow: "predicted" } });
      void listen(isSame);
    },

    openRecord({ request, inputs }) {
      const { lane, media } = store.getState();
      // Ids are another studio's; versions are told by what is in the files.
      const find = (kind: LaneMedia["kind"]) =>
        media.find((each) => each.kind === kind && each.isThere && each.version === inputs[kind].version);
      const [picture, sound] = [find("picture"), find("sound")];
      if (!picture || !sound) {
        const wanted = [
          ...(picture ? [] : [`the picture${named(inputs.picture)}`]),
          ...(sound ? [] : [`the sound${named(inputs.sound)}`]),
        ];
        const text = `Drop ${wanted.join(" and ")} it was made from here first, then this file again.`;
        return set({ notice: { text, kind: "problem", undo: null }, announcement: text });
      }
      set({ lane: laneFrom({ ...request, picture: picture.id, sound: sound.id }, lane), picked: [] });
      announce("Prompt and settings taken over into the motion lane.");
      void listen(true);
    },

    openJob(job) {
      const { lane } = store.getState();
      if (lane?.job === job.id) return;
      set({ lane: { ...laneFrom(job.request, lane), curve: job.curve.length > 0 ? job.curve : null, job: job.id } });
      void listen(true);
    },

    editLane: edit,
    setRange(range) {
      const { lane } = store.getState();
      const sound = lane ? mediaOf(lane.sound) : undefined;
      if (sound?.kind !== "sound") return;
      edit({ range: fittingRange(range, sound), starts: [], keyframes: [], curve: null, job: null });
      // Numbers are typed digit by digit: the studio listens once they rest.
      clearTimeout(typing);
      typing = setTimeout(() => void listen(false), TYPING_MS);
    },
    setFollow(follow) {
      edit({ follow, job: null });
      void plan();
    },
    drawCurve(curve) {
      edit({ curve, follow: "drawn", job: null });
      void plan();
    },
    setKeyframes(keyframes, said) {
      edit({ keyframes, job: null });
      if (said) announce(said);
    },
    replan: () => plan(),

    async animate() {
      const { lane, models } = store.getState();
      if (!lane) return;
      edit({ problem: null });
      try {
        const request = laneRequest(lane, animators(models)[0] ?? null);
        const job = await client.call("jobs.animate", { request });
        edit({ job: job.id, seed: lane.seed });
        set({ announcement: "The animation was added to the queue.", selected: `job:${job.id}` });
      } catch (cause) {
        const error = problem(cause);
        edit({ problem: error });
        announce(error.message);
      }
    },

    approve: (job) =>
      attempt(async () => {
        await client.call("jobs.approve", { id: job.id });
        announce("Keyframes accepted. The motion between them is next.");
      }),
    reroll: (job, only, prompt) =>
      attempt(async () => {
        await client.call("jobs.reroll", {
          id: job.id,
          only: only === null ? null : [...only],
          ...(prompt === undefined ? {} : { prompt }),
        });
        announce(only === null ? "All keyframes are drawn anew." : `${plural(only.length, "keyframe")} drawn anew.`);
      }),
    retryJob: (job) =>
      attempt(async () => {
        const again = await client.call("jobs.retry", { id: job.id });
        await client.call("jobs.dismiss", { id: job.id });
        edit({ job: again.id });
        set({ selected: `job:${again.id}` });
      }),
    pause: (id) => attempt(async () => void (await client.call("jobs.pause", { id }))),
    resume: (id) => attempt(async () => void (await client.call("jobs.resume", { id }))),
  };
}

/** A file's name, where it was not left out of the record. */
const named = ({ name }: { readonly name: string }): string => (name === "" ? "" : ` “${name}”`);
