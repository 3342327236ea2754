import { type ReactNode, useLayoutEffect, useMemo, useRef } from "react";
import { useViewerUi } from "../../state/context.ts";
import type { Transport } from "../../state/transport.ts";
import { Spinner } from "../../ui/Spinner.tsx";
import type { Locate } from "../decode/address.ts";
import { type ShownDocument, useShown } from "../shown-document.ts";
import { useEngine, useViewerStatus } from "../use-engine.ts";
import { DebugOverlay } from "./DebugOverlay.tsx";
import { Handles } from "./Handles.tsx";
import { Meter } from "./Meter.tsx";
import { Missing } from "./Missing.tsx";
import { SafeAreas } from "./SafeAreas.tsx";
import { ScrubBar } from "./ScrubBar.tsx";
import { TransportBar } from "./TransportBar.tsx";
import { useStageSize } from "./use-stage-size.ts";

/** The frame on the screen. */
export interface FrameView {
  /** Of the frame, pixels of the timeline. */
  readonly width: number;
  readonly height: number;
  /** CSS pixels for one of the frame. */
  readonly scale: number;
}

interface Props {
  readonly shown: ShownDocument;
  readonly transport: Transport;
  readonly locate: Locate;
  readonly isSource?: boolean;
  /** Lies over the picture: what a sound looks like. */
  readonly children?: ReactNode;
  /** The selected clip can be moved on the picture. */
  readonly hasHandles?: boolean;
}

/** Picture, playback controls and loudness of a timeline. */
export function Viewer({ shown, transport, locate, isSource = false, hasHandles = false, children }: Props) {
  const settings = useShown(shown, (document) => document.settings);
  const name = useShown(shown, (document) => document.name);
  const { width, height } = settings;
  const { engine, canvas } = useEngine(transport, shown, locate);
  const stage = useRef<HTMLDivElement>(null);
  const available = useStageSize(stage);
  const zoom = useViewerUi((ui) => ui.zoom);
  const safeAreas = useViewerUi((ui) => ui.safeAreas);
  const stats = useViewerUi((ui) => ui.stats);
  const waiting = useViewerStatus(engine, (status) => status.waiting);
  const ratio = window.devicePixelRatio;
  const scale = zoom === "fit" ? Math.min(available.width / width, available.height / height) : zoom / ratio;
  // No more pixels than the timeline has, nor than the screen shows.
  const share = Math.min(1, scale * ratio);
  const pixels = {
    width: Math.max(1, Math.round(width * share)),
    height: Math.max(1, Math.round(height * share)),
  };
  // oxlint-disable-next-line react/exhaustive-effect-dependencies -- a canvas forgets its picture with its size
  useLayoutEffect(() => engine?.refresh(), [engine, pixels.width, pixels.height]);
  const view = useMemo<FrameView>(() => ({ width, height, scale }), [width, height, scale]);
  const size = { width: width * scale, height: height * scale };
  return (
    <>
      <div className="viewer__middle">
        <div className={`viewer__stage ${zoom === "fit" ? "" : "viewer__stage--scrolls"}`} ref={stage}>
          {available.width > 0 ? (
            <div className="viewer__frame" style={size}>
              <canvas
                ref={canvas}
                className="viewer__canvas"
                width={pixels.width}
                height={pixels.height}
                // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- a picture that is painted
                role="img"
                aria-label={isSource ? `Picture of ${name}` : "Picture of the timeline"}
              />
              {children}
              {engine === null ? null : <Missing engine={engine} shown={shown} view={view} />}
              {safeAreas ? <SafeAreas /> : null}
              {engine !== null && hasHandles ? <Handles engine={engine} view={view} /> : null}
              {waiting ? (
                <span className="viewer__waiting">
                  <Spinner size={18} />
                </span>
              ) : null}
            </div>
          ) : null}
          {stats && engine !== null ? <DebugOverlay engine={engine} transport={transport} /> : null}
        </div>
        <Meter engine={engine} transport={transport} />
      </div>
      <ScrubBar transport={transport} />
      <TransportBar transport={transport} settings={settings} isSource={isSource} />
    </>
  );
}
