import {
  type EditCall,
  applyEdit,
  findClip,
  type Result,
  type Take,
  type Timeline,
} from "../../core/timeline/index.ts";

/** What is on its way to the studio, in order. */
export type Call =
  | {
      readonly type: "edit";
      readonly name: EditCall["name"];
      readonly arguments: unknown;
      readonly gesture?: string | undefined;
      readonly fromStart?: boolean | undefined;
    }
  | { readonly type: "gesture"; readonly gesture: string; readonly end: "keep" | "cancel" }
  | { readonly type: "undo" }
  | { readonly type: "redo" };

/** A gesture that goes on in this window, and the document as it was before. */
export interface Gesture {
  readonly id: string;
  readonly base: Timeline;
}

/** The queue with one more call; of a drag that always sends its whole way only the latest position is worth sending. */
export function enqueue(queue: readonly Call[], call: Call): readonly Call[] {
  const last = queue.at(-1);
  const replaces =
    call.type === "edit" &&
    last?.type === "edit" &&
    call.fromStart === true &&
    last.fromStart === true &&
    call.gesture !== undefined &&
    call.gesture === last.gesture;
  return replaces ? [...queue.slice(0, -1), call] : [...queue, call];
}

/** Makes an edit in the window. Errors: those of the edit. */
export function applyCall(
  document: Timeline,
  gesture: Gesture | null,
  call: Extract<Call, { type: "edit" }>,
): Result<Timeline> {
  const fromStart = call.fromStart === true && gesture !== null && gesture.id === call.gesture;
  return applyEdit(fromStart ? gesture.base : document, { name: call.name, arguments: call.arguments });
}

/**
 * The confirmed document with the edits that the studio has not answered yet made again on it; those that do not fit any more are
 * left out, for the studio to refuse.
 */
export function replay(confirmed: Timeline, gesture: Gesture | null, calls: readonly Call[]): Timeline {
  let document = confirmed;
  for (const call of calls) {
    if (call.type !== "edit") continue;
    const result = applyCall(document, gesture, call);
    if (result.ok) document = result.value;
  }
  return document;
}

/**
 * A document from before with what the machine has found out since: media, and what jobs made. A drag that goes on while a clip
 * arrives must not take it away again.
 */
export function withFacts(document: Timeline, known: Timeline): Timeline {
  const learn = (clip: string, take: Take): Take => {
    if (take.media !== null || take.problem !== null) return take;
    const content = findClip(known, clip)?.content;
    const now = content?.type === "media" ? content.takes.find(({ id }) => id === take.id) : undefined;
    return now === undefined || (now.media === null && now.problem === null) ? take : now;
  };
  const tracks = document.tracks.map((track) => {
    let changed = false;
    const children = track.children.map((child) => {
      if (child.kind !== "clip" || child.content.type !== "media") return child;
      const takes = child.content.takes.map((take) => learn(child.id, take));
      if (takes.every((take, i) => child.content.type === "media" && take === child.content.takes[i])) return child;
      changed = true;
      return { ...child, content: { ...child.content, takes } };
    });
    return changed ? { ...track, children } : track;
  });
  return { ...document, media: { ...document.media, ...known.media }, tracks };
}
