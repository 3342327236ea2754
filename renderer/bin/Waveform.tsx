import { useEffect, useRef, useState } from "react";
import { peakColumns, readPeakFile } from "../../core/sound/index.ts";
import { useStudio } from "../state/context.ts";

/** A whole sound as a small picture of its waveform. */
export function Waveform({
  id,
  version,
  seconds,
  columns: count = 120,
}: {
  readonly id: string;
  readonly version: string;
  readonly seconds: number;
  /** How finely it is drawn. */
  readonly columns?: number;
}) {
  const { client } = useStudio();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [columns, setColumns] = useState<Float32Array | null>(null);
  useEffect(() => {
    let isWanted = true;
    const load = async () => {
      const response = await fetch(client.peaksUrl(id, version));
      const file = response.ok ? readPeakFile(new Uint8Array(await response.arrayBuffer())) : null;
      if (file !== null && isWanted) setColumns(peakColumns(file, 0, Math.max(seconds, 0.01), count));
    };
    load().catch(() => {}); // gone meanwhile: the space stays empty
    return () => {
      isWanted = false;
    };
  }, [client, id, version, seconds, count]);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || columns === null) return;
    const { width, height } = context.canvas;
    context.clearRect(0, 0, width, height);
    context.fillStyle = getComputedStyle(context.canvas).color;
    for (let column = 0; column < columns.length / 2; column++) {
      const [low, high] = [columns[2 * column]!, columns[2 * column + 1]!];
      const top = (height / 2) * (1 - high * 0.92);
      context.fillRect(column * 2, top, 1.4, Math.max(1, (height / 2) * (1 - low * 0.92) - top));
    }
  }, [columns]);
  return (
    <canvas ref={canvas} className="bin-item__wave" width={count * 2} height={count > 200 ? 320 : 64} aria-hidden />
  );
}
