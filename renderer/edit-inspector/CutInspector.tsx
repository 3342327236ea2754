import { flicksToFrame, formatTimecode } from "../../core/time/index.ts";
import { endOfPlaced, laneOf, type Placed, type Timeline, transitionLimits } from "../../core/timeline/index.ts";
import { clipName } from "../timeline/selection.ts";
import { TransitionPalette } from "../transitions/TransitionPalette.tsx";
import { plural } from "../ui/format.ts";
import { Row, Section } from "./fields/rows.tsx";

export interface Cut {
  readonly left: Placed;
  readonly right: Placed;
}

/** The cut between two clips; null where they meet no more. */
export function findCut({ tracks }: Timeline, leftId: string, rightId: string): Cut | null {
  for (const track of tracks) {
    const { placed, index } = laneOf(track);
    const [left, right] = [placed[index.get(leftId) ?? -1], placed[index.get(rightId) ?? -1]];
    if (left !== undefined && right !== undefined) return endOfPlaced(left) === right.start ? { left, right } : null;
  }
  return null;
}

/** Where two clips meet: what is to spare on either side, and the transitions that can lie on it. */
export function CutInspector({ cut: { left, right }, document }: { readonly cut: Cut; readonly document: Timeline }) {
  const { settings } = document;
  const spare = transitionLimits(document, left.clip, right.clip, 0);
  /** Stills last as long as one likes. */
  const room = (time: number): string => {
    const frames = Math.round(flicksToFrame(time, settings.rate));
    return frames > 9999 ? "any" : plural(frames, "frame");
  };
  return (
    <>
      <header className="edit-inspector__head">
        <h2>Cut</h2>
        <p className="mono">{formatTimecode(right.start, settings)}</p>
      </header>
      <Section title="Between">
        <Row label="Out of">
          <span className="plain-row__text">{clipName(left.clip)}</span>
        </Row>
        <Row label="Into">
          <span className="plain-row__text">{clipName(right.clip)}</span>
        </Row>
        <Row label="Room">
          <span className="plain-row__text">
            {room(spare.inOffset)} before, {room(spare.outOffset)} after
          </span>
        </Row>
      </Section>
      <Section title="Transition">
        <TransitionPalette />
      </Section>
    </>
  );
}
