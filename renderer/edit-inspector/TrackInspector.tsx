import { flicksToSeconds, FLICKS_PER_SECOND, secondsToFlicks } from "../../core/time/index.ts";
import { laneOf, type Track } from "../../core/timeline/index.ts";
import { useProject, useStudio } from "../state/context.ts";
import { plural } from "../ui/format.ts";
import { CheckRow, Section, TextRow } from "./fields/rows.tsx";
import { ValueRow } from "./fields/ValueRow.tsx";
import { useGesture } from "./use-gesture.ts";

const kinds = { video: "Pictures", audio: "Sound", text: "Text" } as const;
/** What music does under a voice when it is switched on: as loud as in most films, and not too quick. */
const usual = { amount: 12, attack: 0.2 * FLICKS_PER_SECOND, release: 0.6 * FLICKS_PER_SECOND };

/** A track: its name, what it does, how it sounds. */
export function TrackInspector({ track }: { readonly track: Track }) {
  const { project } = useStudio();
  const tracks = useProject((view) => view.document.tracks);
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
          <ValueRow
            label="Volume"
            value={track.volume}
            min={-60}
            max={24}
            slider={[-60, 12]}
            step={0.5}
            digits={1}
            unit="dB"
            onChange={(volume) => slide({ volume })}
            onEnd={gesture.end}
            onReset={track.volume === 0 ? undefined : () => set({ volume: 0 })}
          />
          <ValueRow
            label="Pan"
            value={100 * track.pan}
            min={-100}
            max={100}
            step={1}
            unit="%"
            onChange={(pan) => slide({ pan: pan / 100 })}
            onEnd={gesture.end}
            onReset={track.pan === 0 ? undefined : () => set({ pan: 0 })}
          />
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
                onReset={
                  ducking.amount === usual.amount
                    ? undefined
                    : () => set({ ducking: { ...ducking, amount: usual.amount } })
                }
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
                  onReset={
                    ducking[side] === usual[side]
                      ? undefined
                      : () => set({ ducking: { ...ducking, [side]: usual[side] } })
                  }
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
function pick({ name, locked, muted, solo, volume, pan, ducking }: Partial<Track>) {
  return { name, locked, muted, solo, volume, pan, ducking: ducking && { ...ducking, under: [...ducking.under] } };
}
