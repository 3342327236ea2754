/* oxlint-disable jsx-a11y/prefer-tag-over-role -- it has two bars and a scale */
import { memo, useEffect, useRef } from "react";
import type { Transport } from "../../state/transport.ts";
import { useTransport } from "../../state/transport.ts";
import type { ViewerEngine } from "../engine.ts";
import { decibels, fall, placeOf, type Reading, silentReading } from "../sound/meter-scale.ts";

const MARKS = [0, -6, -12, -18, -24, -36, -48] as const;

interface Props {
  readonly engine: ViewerEngine | null;
  readonly transport: Transport;
}

/** How loud left and right are: the bar is the mean power, the line the peak, which falls slowly. */
export const Meter = memo(function Meter({ engine, transport }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const playing = useTransport((state) => state.playing, transport);
  useEffect(() => {
    const element = root.current;
    if (element === null || engine === null) return undefined;
    let request = 0;
    let readings: readonly [Reading, Reading] = [silentReading, silentReading];
    let [before, told] = [performance.now(), 0];
    const draw = (now: number) => {
      const levels = engine.sound.levels?.measure();
      const seconds = (now - before) / 1000;
      before = now;
      readings = [0, 1].map((channel) =>
        fall(readings[channel]!, levels?.[channel] ?? { peak: 0, rms: 0 }, seconds),
      ) as [Reading, Reading];
      for (const [channel, { power, peak, held, clipped }] of readings.entries()) {
        const set = (name: string, value: number) => element.style.setProperty(`--${name}-${channel}`, String(value));
        set("power", placeOf(power));
        set("peak", placeOf(peak));
        set("held", placeOf(held));
        element.toggleAttribute(`data-clipped-${channel}`, clipped > 0);
      }
      if (now - told > 500) {
        told = now;
        const loudest = Math.max(...readings.map(({ held }) => held));
        element.setAttribute("aria-valuenow", String(Math.max(-60, Math.round(loudest))));
        element.setAttribute(
          "aria-valuetext",
          loudest <= -60 ? "silent" : `${Math.round(loudest)} decibels at the peak`,
        );
      }
      // While nothing sounds and nothing falls any more it rests.
      if (playing || readings.some(({ held }) => held > decibels(0))) request = requestAnimationFrame(draw);
    };
    request = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(request);
  }, [engine, playing]);
  return (
    <div
      ref={root}
      className="meter"
      role="meter"
      aria-label="Loudness"
      aria-valuemin={-60}
      aria-valuemax={3}
      aria-valuenow={-60}
      aria-valuetext="silent"
    >
      {[0, 1].map((channel) => (
        <div key={channel} className={`meter__channel meter__channel--${channel}`} aria-hidden>
          <span className="meter__clip" />
          <span className="meter__peak" />
          <span className="meter__power" />
          <span className="meter__held" />
        </div>
      ))}
      <div className="meter__scale mono" aria-hidden>
        {MARKS.map((mark) => (
          <span key={mark} style={{ bottom: `${100 * placeOf(mark)}%` }}>
            {mark === 0 ? "0" : `−${-mark}`}
          </span>
        ))}
      </div>
    </div>
  );
});
