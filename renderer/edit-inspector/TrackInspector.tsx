import { flicksToSeconds, FLICKS_PER_SECOND, secondsToFlicks } from "../../core/time/index.ts";
import { laneOf, parameterInfo, type Track, valueIn } from "../../core/timeline/index.ts";
import { useStudio } from "../state/context.ts";
import { plural } from "../ui/format.ts";
import { KeyframeNavigation, KeyframeToggle } from "./fields/keyframes.tsx";
import { CheckRow, Section, TextRow } from "./fields/rows.tsx";
import { ValueRow } from "./fields/ValueRow.tsx";
import { useGesture } from "./use-gesture.ts";
import { useTrackKeyed } from "./use-keyed.ts";

const kinds = { video: "Pictures", audio: "Sound", text: "Text" } as const;
/** What music does under a voice when it is switched on: as loud as in most films, and not too quick. */
const usual = { amount: 12, attack: 0.2 * FLICKS_PER_SECOND, release: 0.6 * FLICKS_PER_SECOND };

/** A track: its name, what it does, how it sounds. */
export function TrackInspector({ track, tracks }: { readonly track: Track; readonly tracks: readonly Track[] }) {
  const { project } = useStudio();
  const gesture = useGesture();
  const { id, ducking } = track;
  const set = (changes: Partial<Track>) => void project.perform("setTrack", { track: id, ...pick(changes) });
  const slide = (changes: Partial<Track>) => gesture.perform("setTrack", { track: id, ...pick(changes) });
  const others = tracks.filter((other) => other.kind === "audio" && other.id !== id);
  return (
    <>
      <header className="edit-inspector__head">
        <h2>{track.name}</h2>
        <p>
          {kinds[track.kind]} · {plural(laneOf(track).placed.length, "clip")}
        </p>
      </header>
      <Section title="Track">
        <TextRow label="Name" value={track.name} onChange={(name) => slide({ name })} onEnd={gesture.end} />
        <CheckRow label="Locked" checked={track.locked} onChange={(locked) => set({ locked })} />
        <CheckRow
          label={track.kind === "audio" ? "Muted" : "Hidden"}
          checked={track.muted}
          onChange={(muted) => set({ muted })}
        />
        <CheckRow label="Solo" checked={track.solo} onChange={(solo) => set({ solo })} />
      </Section>
      {track.kind === "audio" ? (
        <Section title="Sound">
          <TrackValue track={track} name="volume" factor={1} digits={1} step={0.5} unit="dB" slider={[-60, 12]} />
          <TrackValue track={track} name="pan" factor={100} digits={0} step={1} unit="%" slider={[-100, 100]} />
        </Section>
      ) : null}
      {track.kind === "audio" && others.length > 0 ? (
        <Section title="Quieter under others">
          {others.map((other) => (
            <CheckRow
              key={other.id}
              label={`While ${other.name} sounds`}
              checked={ducking?.under.includes(other.id) ?? false}
              onChange={(on) => {
                const before = ducking?.under ?? [];
                const under = on ? [...before, other.id] : before.filter((each) => each !== other.id);
                set({ ducking: under.length === 0 ? null : { ...usual, ...ducking, under } });
              }}
            />
          ))}
          {ducking === null ? null : (
            <>
              <ValueRow
                label="By"
                value={ducking.amount}
                min={0}
                max={60}
                slider={[0, 30]}
                step={1}
                unit="dB"
                onChange={(amount) => slide({ ducking: { ...ducking, amount } })}
                onEnd={gesture.end}
                usual={usual.amount}
              />
              {(["attack", "release"] as const).map((side) => (
                <ValueRow
                  key={side}
                  label={side === "attack" ? "Down in" : "Up in"}
                  value={flicksToSeconds(ducking[side])}
                  min={0}
                  max={20}
                  slider={[0, 3]}
                  step={0.05}
                  digits={2}
                  unit="s"
                  onChange={(seconds) => slide({ ducking: { ...ducking, [side]: secondsToFlicks(seconds) } })}
                  onEnd={gesture.end}
                  usual={flicksToSeconds(usual[side])}
                />
              ))}
            </>
          )}
        </Section>
      ) : null}
    </>
  );
}

/** The fields that the edit takes. */
function pick({ name, locked, muted, solo, ducking }: Partial<Track>) {
  return { name, locked, muted, solo, ducking: ducking && { ...ducking, under: [...ducking.under] } };
}

interface TrackValueProps {
  readonly track: Track;
  readonly name: "volume" | "pan";
  /** Shown for a value of 1. */
  readonly factor: number;
  readonly digits: number;
  readonly step: number;
  readonly unit: string;
  readonly slider: readonly [from: number, to: number];
}

/** A value of the whole track: at the playhead, with its keyframes. */
function TrackValue({ track, name, factor, ...look }: TrackValueProps) {
  const { project, transport } = useStudio();
  const gesture = useGesture();
  const { min, max, default: initial } = parameterInfo[name];
  const title = name === "volume" ? "Volume" : "Pan";
  const keyed = useTrackKeyed(track, name, title);
  const value = valueIn(name, track[name], keyed.time);
  const set = (shown: number) =>
    gesture.perform("setTrackParameter", {
      track: track.id,
      parameter: name,
      value: Math.min(max, Math.max(min, shown / factor)),
      at: transport.time,
    });
  const reset = () => void project.perform("setTrackParameter", { track: track.id, parameter: name, value: initial });
  return (
    <>
      <ValueRow
        label={title}
        value={factor * value}
        min={factor * min}
        max={factor * max}
        {...look}
        onChange={set}
        onEnd={gesture.end}
        onReset={track[name] === initial ? undefined : reset}
      >
        <KeyframeToggle {...keyed} />
      </ValueRow>
      <KeyframeNavigation {...keyed} />
    </>
  );
}
