/* oxlint-disable jsx-a11y/prefer-tag-over-role -- a fieldset has a look of its own */
import { ChevronsDown, Eye, EyeOff, Lock, LockOpen, MoreVertical, Plus, Volume2, VolumeX } from "lucide-react";
import { DropdownMenu, Slider } from "radix-ui";
import { memo, type PointerEvent, useRef, useState, useSyncExternalStore } from "react";
import { SILENCE_DB, type Track, type TrackKind, valueIn } from "../../core/timeline/index.ts";
import { addTrack, toggleDucking } from "../commands/edit/tracks.ts";
import { contextOf } from "../commands/dispatch.ts";
import { useCommands } from "../commands/use-commands.ts";
import { useEditUi, useProject, useStudio } from "../state/context.ts";
import { useGlancedTime } from "../state/transport.ts";
import { Button } from "../ui/Button.tsx";
import { offProps } from "../ui/off.ts";
import { type LanePlace, layoutOf, MAX_HEIGHT, MIN_HEIGHT, shiftedIndex } from "./geometry.ts";
import { lanePlace } from "./motion.ts";
import { MotionHead } from "./MotionRow.tsx";
import type { TimelineView } from "./timeline-view.ts";

const KINDS: readonly (readonly [TrackKind, string])[] = [
  ["video", "Picture track"],
  ["audio", "Sound track"],
  ["text", "Text track"],
];
const icon = { size: 14, "aria-hidden": true } as const;

/** The heads of the tracks, beside them and scrolled with them. */
export function Headers({ view }: { readonly view: TimelineView }) {
  const tracks = useHeads();
  const heights = useEditUi((ui) => ui.trackHeights);
  const lane = useEditUi((ui) => ui.motionLane);
  const scrollY = useSyncExternalStore(
    (listener) => view.subscribe(listener),
    () => view.scrollY,
  );
  const place = useLanePlace(lane);
  const { rows } = layoutOf(tracks, heights, place);
  const under = rows.find(({ track }) => track.id === place?.track);
  return (
    <div className="headers">
      <AddTrack />
      <div
        className="headers__rows"
        role="group"
        aria-label="Tracks"
        onWheel={(event) => view.scrollTo(view.scrollY + event.deltaY)}
      >
        {rows.map((row) => (
          <Header key={row.track.id} track={row.track} height={row.height} top={row.y - scrollY} />
        ))}
        {place && under ? (
          <MotionHead top={under.y + under.height - scrollY} height={place.height} clip={lane ?? ""} />
        ) : null}
      </div>
    </div>
  );
}

/** The tracks; others only when their heads are: edits of clips change nothing that is seen here. */
function useHeads(): readonly Track[] {
  const last = useRef<readonly Track[]>([]);
  return useProject(({ document: { tracks } }) => {
    const known = last.current;
    const isSame = tracks.length === known.length && tracks.every((track, i) => hasSameHead(track, known[i]!));
    if (!isSame) last.current = tracks;
    return last.current;
  });
}

/** Where the open motion lane lies; the same object while it lies there. */
function useLanePlace(lane: string | null): LanePlace | null {
  const last = useRef<LanePlace | null>(null);
  return useProject(({ document }) => {
    const now = lanePlace(document, lane);
    if (now?.track !== last.current?.track || now?.height !== last.current?.height) last.current = now;
    return last.current;
  });
}

const AddTrack = memo(function AddTrack() {
  const studio = useStudio();
  return (
    <div className="headers__top">
      <span>Tracks</span>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger asChild>
          <Button kind="quiet" icon={<Plus {...icon} />} label="Add a track" />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="end">
            {KINDS.map(([kind, name]) => (
              <DropdownMenu.Item key={kind} className="menu__item" onSelect={() => addTrack(contextOf(studio), kind)}>
                {name}
              </DropdownMenu.Item>
            ))}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
    </div>
  );
});

interface HeaderProps {
  readonly track: Track;
  readonly height: number;
  readonly top: number;
}

/** Edits of clips draw it not again: nothing of them is seen here. */
const Header = memo(function Header({ track, height, top }: HeaderProps) {
  const { project, editUi } = useStudio();
  const isSelected = useEditUi((ui) => ui.selection.type === "track" && ui.selection.id === track.id);
  const [isNamed, setNamed] = useState(false);
  const set = (change: Partial<Pick<Track, "name" | "locked" | "muted" | "solo">>) =>
    project.perform("setTrack", { track: track.id, ...change });
  const isAudio = track.kind === "audio";
  return (
    <div
      className="header"
      role="group"
      aria-label={`Track ${track.name}`}
      data-selected={isSelected}
      style={{ top, height }}
    >
      {isNamed ? (
        <RenameField
          name={track.name}
          onDone={(name) => {
            setNamed(false);
            if (name !== "" && name !== track.name) set({ name });
          }}
        />
      ) : (
        <button
          type="button"
          className="header__name"
          title={`Select ${track.name}; double-click renames it${track.ducking === null ? "" : "\nQuieter while others sound"}`}
          onClick={() => editUi.setState({ selection: { type: "track", id: track.id } })}
          onDoubleClick={() => setNamed(true)}
        >
          {track.name}
          {track.ducking === null ? null : (
            <>
              <ChevronsDown className="header__ducked" size={13} aria-hidden />
              <span className="visually-hidden">quieter under others</span>
            </>
          )}
        </button>
      )}
      <div className="header__buttons">
        <Button
          kind="quiet"
          icon={track.locked ? <Lock {...icon} /> : <LockOpen {...icon} />}
          label={`Lock ${track.name}`}
          aria-pressed={track.locked}
          onClick={() => set({ locked: !track.locked })}
        />
        <Button
          kind="quiet"
          icon={<MuteSign isAudio={isAudio} muted={track.muted} />}
          label={`${isAudio ? "Mute" : "Hide"} ${track.name}`}
          aria-pressed={track.muted}
          data-alert
          onClick={() => set({ muted: !track.muted })}
        />
        <Button
          kind="quiet"
          icon={<span aria-hidden>S</span>}
          label={`Solo ${track.name}`}
          aria-pressed={track.solo}
          onClick={() => set({ solo: !track.solo })}
        />
        <TrackMenu track={track} onRename={() => setNamed(true)} />
      </div>
      {isAudio && height >= 50 ? <Mix track={track} /> : null}
      <HeightHandle track={track} height={height} />
    </div>
  );
}, showsTheSame);

function showsTheSame(a: HeaderProps, b: HeaderProps): boolean {
  return hasSameHead(a.track, b.track) && a.height === b.height && a.top === b.top;
}

/** Everything of a track but what lies on it. */
function hasSameHead(a: Track, b: Track): boolean {
  if (a === b) return true;
  for (const key of Object.keys(a) as (keyof Track)[]) if (key !== "children" && a[key] !== b[key]) return false;
  return true;
}

function MuteSign({ isAudio, muted }: { readonly isAudio: boolean; readonly muted: boolean }) {
  if (isAudio) return muted ? <VolumeX {...icon} /> : <Volume2 {...icon} />;
  return muted ? <EyeOff {...icon} /> : <Eye {...icon} />;
}

function RenameField({ name, onDone }: { readonly name: string; readonly onDone: (name: string) => void }) {
  const [text, setText] = useState(name);
  return (
    <input
      className="field header__rename"
      aria-label={`Name of ${name}`}
      value={text}
      maxLength={100}
      // oxlint-disable-next-line jsx-a11y/no-autofocus -- it replaces the name that was double-clicked
      autoFocus
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => onDone(text.trim())}
      onKeyDown={(event) => {
        if (event.key === "Enter") onDone(text.trim());
        if (event.key === "Escape") onDone(name);
      }}
    />
  );
}

let drags = 0;

/** Volume of a sound track; with Shift its pan. */
function Mix({ track }: { readonly track: Track }) {
  const { project, transport } = useStudio();
  const gesture = useRef("");
  const shown = valueIn("volume", track.volume, useGlancedTime(typeof track.volume !== "number"));
  const which = { track: track.id, parameter: "volume" } as const;
  const change = (value: number) => {
    gesture.current ||= `volume-${track.id}-${++drags}`;
    const args = { ...which, value, at: transport.time };
    project.perform("setTrackParameter", args, { gesture: gesture.current, fromStart: true });
  };
  return (
    <div className="header__mix">
      <Slider.Root
        className="slider"
        value={[shown]}
        min={-60}
        max={12}
        step={0.5}
        onValueChange={([volume]) => volume !== undefined && change(volume)}
        onValueCommit={() => {
          project.endGesture(gesture.current, "keep");
          gesture.current = "";
        }}
        onDoubleClick={() => project.perform("setTrackParameter", { ...which, value: 0 })}
      >
        <Slider.Track className="slider__track">
          <Slider.Range className="slider__range" />
        </Slider.Track>
        <Slider.Thumb className="slider__thumb" aria-label={`Volume of ${track.name} in decibels`} />
      </Slider.Root>
      <output className="mono">{shown <= SILENCE_DB ? "−∞ dB" : `${shown.toFixed(1).replace("-", "−")} dB`}</output>
    </div>
  );
}

const PANS: readonly (readonly [number, string])[] = [
  [-1, "Left"],
  [-0.5, "Half left"],
  [0, "Middle"],
  [0.5, "Half right"],
  [1, "Right"],
];

/** @param off why it cannot be done now */
const item = (label: string, onSelect: () => void, off: string | null = null) => (
  <DropdownMenu.Item
    className="menu__item"
    {...offProps(off)}
    onSelect={(event) => {
      if (off === null) onSelect();
      else event.preventDefault();
    }}
  >
    {label}
  </DropdownMenu.Item>
);

function TrackMenu({ track, onRename }: { readonly track: Track; readonly onRename: () => void }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <Button kind="quiet" icon={<MoreVertical {...icon} />} label={`More about ${track.name}`} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" side="right">
          <TrackItems track={track} onRename={onRename} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** Only while the menu is open: it looks at all tracks. */
function TrackItems({ track, onRename }: { readonly track: Track; readonly onRename: () => void }) {
  const studio = useStudio();
  const { project } = studio;
  const commands = useCommands();
  const tracks = useProject((view) => view.document.tracks);
  const move = (direction: -1 | 1) => {
    const to = shiftedIndex(tracks, track.id, direction);
    if (to !== null) project.perform("moveTrack", { track: track.id, to });
  };
  return (
    <>
      {item("Rename", onRename)}
      {item(
        "Move up",
        () => move(-1),
        shiftedIndex(tracks, track.id, -1) === null ? "It is the uppermost of its kind." : null,
      )}
      {item(
        "Move down",
        () => move(1),
        shiftedIndex(tracks, track.id, 1) === null ? "It is the lowest of its kind." : null,
      )}
      {track.kind === "audio" ? (
        <>
          <DropdownMenu.Separator className="menu__line" />
          <DropdownMenu.CheckboxItem
            className="menu__item"
            checked={track.ducking !== null}
            onCheckedChange={() => toggleDucking(contextOf(studio), track)}
          >
            Duck under the other sounds
            <DropdownMenu.ItemIndicator className="menu__note">on</DropdownMenu.ItemIndicator>
          </DropdownMenu.CheckboxItem>
          <DropdownMenu.Label className="menu__label">Pan</DropdownMenu.Label>
          <DropdownMenu.RadioGroup
            value={typeof track.pan === "number" ? String(track.pan) : ""}
            onValueChange={(pan) =>
              project.perform("setTrackParameter", {
                track: track.id,
                parameter: "pan",
                value: Number(pan),
                at: studio.transport.time,
              })
            }
          >
            {PANS.map(([pan, name]) => (
              <DropdownMenu.RadioItem key={pan} className="menu__item" value={String(pan)}>
                {name}
                <DropdownMenu.ItemIndicator className="menu__note">●</DropdownMenu.ItemIndicator>
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </>
      ) : null}
      <DropdownMenu.Separator className="menu__line" />
      {item("Delete the track", () => {
        studio.editUi.setState({ selection: { type: "track", id: track.id } });
        commands.run("track.remove");
      })}
    </>
  );
}

function HeightHandle({ track, height }: { readonly track: Track; readonly height: number }) {
  const { editUi } = useStudio();
  const start = useRef<{ readonly y: number; readonly height: number } | null>(null);
  const onMove = (event: PointerEvent) => {
    if (start.current === null) return;
    const next = Math.min(MAX_HEIGHT, Math.max(MIN_HEIGHT, start.current.height + event.clientY - start.current.y));
    editUi.setState({ trackHeights: { ...editUi.getState().trackHeights, [track.id]: next } });
  };
  const release = () => {
    start.current = null;
  };
  return (
    <div
      className="header__resize"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { y: event.clientY, height };
      }}
      onPointerMove={onMove}
      onPointerUp={release}
      onPointerCancel={release}
    />
  );
}
