/* oxlint-disable jsx-a11y/prefer-tag-over-role -- a fieldset has a look of its own */
import {
  ArrowDownToLine,
  BetweenHorizontalStart,
  Braces,
  ChevronFirst,
  ChevronLast,
  Pause,
  Play,
  Repeat,
  StepBack,
  StepForward,
} from "lucide-react";
import { memo, type ReactNode } from "react";
import { formatTimecode } from "../../../core/time/index.ts";
import type { Timeline } from "../../../core/timeline/index.ts";
import { useCommands } from "../../commands/use-commands.ts";
import { type Transport, useLateDuration, useTransport } from "../../state/transport.ts";
import { Button } from "../../ui/Button.tsx";
import { TimeField } from "./TimeField.tsx";

interface Props {
  readonly transport: Transport;
  readonly settings: Timeline["settings"];
  readonly isSource: boolean;
}

/** Time, and everything that moves it. */
export const TransportBar = memo(function TransportBar({ transport, settings, isSource }: Props) {
  const { rate, dropFrame } = settings;
  const playing = useTransport((state) => state.playing, transport);
  const speed = useTransport((state) => state.speed, transport);
  const loop = useTransport((state) => state.loop, transport);
  const inPoint = useTransport((state) => state.inPoint, transport);
  const outPoint = useTransport((state) => state.outPoint, transport);
  const duration = useLateDuration(transport);
  const marked = (outPoint ?? duration) - (inPoint ?? 0);
  const hasMarks = inPoint !== null || outPoint !== null;
  return (
    <div className="transport">
      <div className="transport__time">
        <TimeField transport={transport} rate={rate} dropFrame={dropFrame} />
        {playing && speed !== 1 ? <span className="transport__speed mono">{speedText(speed)}</span> : null}
      </div>
      <div className="transport__buttons" role="group" aria-label="Playback">
        <Control id="mark.in" icon={<Braces size={15} aria-hidden className="transport__in" />} />
        <Control id="mark.go-in" icon={<ChevronFirst size={17} aria-hidden />} />
        <Control id="play.frame-back" icon={<StepBack size={15} aria-hidden />} />
        <Control
          id="play.toggle"
          className="transport__play"
          pressed={playing}
          icon={
            playing ? (
              <Pause size={17} fill="currentColor" aria-hidden />
            ) : (
              <Play size={17} fill="currentColor" aria-hidden />
            )
          }
        />
        <Control id="play.frame-on" icon={<StepForward size={15} aria-hidden />} />
        <Control id="mark.go-out" icon={<ChevronLast size={17} aria-hidden />} />
        <Control id="mark.out" icon={<Braces size={15} aria-hidden className="transport__out" />} />
        <Control id="play.loop" pressed={loop} icon={<Repeat size={15} aria-hidden />} />
      </div>
      <div className="transport__end">
        {isSource ? (
          <>
            <Control id="place.insert" icon={<BetweenHorizontalStart size={15} aria-hidden />} />
            <Control id="place.overwrite" icon={<ArrowDownToLine size={15} aria-hidden />} />
          </>
        ) : null}
        <span
          className="transport__duration mono"
          title={hasMarks ? "Length of the marked stretch" : "Length"}
          data-marked={hasMarks}
        >
          <span className="visually-hidden">{hasMarks ? "Marked: " : "Length: "}</span>
          {formatTimecode(Math.max(0, marked), { rate, dropFrame })}
        </span>
      </div>
    </div>
  );
});

interface ControlProps {
  /** Of the command. */
  readonly id: string;
  readonly icon: ReactNode;
  readonly pressed?: boolean;
  readonly className?: string;
}

function Control({ id, icon, pressed, className = "" }: ControlProps) {
  const commands = useCommands();
  return (
    <Button
      kind="quiet"
      icon={icon}
      label={commands.label(id)}
      className={`${className} ${pressed === true && id !== "play.toggle" ? "viewer__on" : ""}`}
      {...(pressed === undefined ? {} : { "aria-pressed": pressed })}
      onClick={(event) => {
        commands.run(id);
        // Keys go on to the editor, and Space does not press the button again.
        if (event.detail > 0) event.currentTarget.blur();
      }}
    />
  );
}

const speedText = (speed: number): string => `${speed < 0 ? "−" : ""}${Math.abs(speed)}×`;
