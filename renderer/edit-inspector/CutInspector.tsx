import { formatTimecode } from "../../core/time/index.ts";
import { endOfPlaced, laneOf, type Placed, type Timeline, transitionLimits } from "../../core/timeline/index.ts";
import { clipName } from "../timeline/selection.ts";
import { TransitionPalette } from "../transitions/TransitionPalette.tsx";
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
  const long = (time: number) => formatTimecode(Math.min(time, 24 * 3600 * 705_600_000), settings);
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
            <span className="mono">{long(spare.inOffset)}</span> before,{" "}
            <span className="mono">{long(spare.outOffset)}</span> after
          </span>
        </Row>
      </Section>
      <Section title="Transition">
        <TransitionPalette />
      </Section>
    </>
  );
}
