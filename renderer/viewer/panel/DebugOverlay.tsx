import { useEffect, useState } from "react";
import { useTransport } from "../../state/transport.ts";
import type { Transport } from "../../state/transport.ts";
import type { ViewerEngine } from "../engine.ts";
import { useViewerStatus } from "../use-engine.ts";

/** How playing goes, in numbers. */
export function DebugOverlay({ engine, transport }: { readonly engine: ViewerEngine; readonly transport: Transport }) {
  const stats = useViewerStatus(engine, (status) => status.stats);
  const playing = useTransport((state) => state.playing, transport);
  const [sound, setSound] = useState({ ahead: 0, waited: 0 });
  useEffect(() => {
    const timer = setInterval(() => setSound({ ahead: engine.sound.ahead, waited: engine.sound.waited }), 250);
    return () => clearInterval(timer);
  }, [engine]);
  const rows: readonly (readonly [string, string])[] = [
    ["state", playing ? "playing" : "standing"],
    ["painted", `${stats?.painted ?? 0} frames`],
    ["dropped", `${stats?.dropped ?? 0}`],
    ["late", `${stats?.late ?? 0}`],
    ["behind the sound", `${(stats?.lag ?? 0).toFixed(1)} ms`],
    ["painting", `${(stats?.paintMs ?? 0).toFixed(1)} ms`],
    ["sound ahead", `${(sound.ahead * 1000).toFixed(0)} ms`],
    ["waited for sound", `${(sound.waited * 1000).toFixed(0)} ms`],
  ];
  return (
    <dl className="viewer__stats mono" aria-label="Playback numbers">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
