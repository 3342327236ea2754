import { useState } from "react";
import { formatTimecode, parseTimecode, type Rate } from "../../../core/time/index.ts";
import { shownTime, type Transport, useTransport } from "../../state/transport.ts";

interface Props {
  readonly transport: Transport;
  readonly rate: Rate;
  readonly dropFrame: boolean;
}

/** The playhead's timecode. Another one can be typed; `+` and `-` before it go on and back by that much. */
export function TimeField({ transport, rate, dropFrame }: Props) {
  const time = useTransport(shownTime, transport);
  const [text, setText] = useState<string | null>(null);
  const format = { rate, dropFrame };
  function go() {
    if (text === null) return;
    const typed = text.trim();
    const parsed = parseTimecode(typed, format);
    if (parsed !== null) transport.seek(/^[+-]/.test(typed) ? time + parsed : parsed);
    setText(null);
  }
  return (
    <input
      className="transport__timecode mono"
      aria-label="Timecode of the playhead"
      spellCheck={false}
      value={text ?? formatTimecode(time, format)}
      onFocus={(event) => {
        transport.pause();
        setText(formatTimecode(transport.time, format));
        event.currentTarget.select();
      }}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => setText(null)}
      onKeyDown={(event) => {
        if (event.key === "Enter") go();
        if (event.key === "Enter" || event.key === "Escape") {
          setText(null);
          event.currentTarget.blur();
        }
      }}
    />
  );
}
