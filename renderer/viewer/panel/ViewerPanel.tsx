import "../fonts.css";
import "./transport.css";
import "./viewer.css";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { flicksToSeconds } from "../../../core/time/index.ts";
import { findMedia, type MediaReference } from "../../../core/timeline/index.ts";
import { Waveform } from "../../bin/Waveform.tsx";
import { useEditUi, useMediaStatus, useProject, useStudio, useViewerUi } from "../../state/context.ts";
import { lengthOf } from "../../state/create-studio.ts";
import { fixedDocument, type ShownDocument } from "../shown-document.ts";
import { sourceDocument } from "../source-document.ts";
import { useLocate } from "../use-locate.ts";
import { Viewer } from "./Viewer.tsx";
import { ViewerHead } from "./ViewerHead.tsx";

/** The viewer: the timeline's picture, or one media to take a stretch from. */
export function ViewerPanel() {
  const { transport } = useStudio();
  const references = useProject((view) => view.document.media);
  const shown = useTimeline();
  const source = useEditUi((ui) => ui.source);
  const tab = useViewerUi((ui) => ui.tab);
  const locate = useLocate(references);
  const media = source === null ? null : (findMedia({ media: references }, source) ?? null);
  // What is exported is looked at, not moved, and it is the timeline.
  const isEdited = useEditUi((ui) => ui.workspace === "edit");
  useSourceTab(isEdited ? source : null);
  const showsSource = isEdited && tab === "source" && media !== null;
  return (
    <div className="viewer">
      <ViewerHead source={isEdited ? media : null} />
      {showsSource ? (
        <SourceViewer key={media.id} media={media} />
      ) : (
        <Viewer key="timeline" shown={shown} transport={transport} locate={locate} hasHandles={isEdited} />
      )}
    </div>
  );
}

/** The open project's timeline. */
function useTimeline(): ShownDocument {
  const { store } = useStudio().project;
  return useMemo(
    () => ({
      get: () => store.getState().document,
      subscribe: (listener) =>
        store.subscribe((view, before) => {
          if (view.document !== before.document) listener();
        }),
    }),
    [store],
  );
}

/** Opening a source shows it; going to a place of the timeline shows the timeline again. The source stays at hand. */
function useSourceTab(source: string | null): void {
  const { viewerUi, transport } = useStudio();
  useEffect(() => {
    viewerUi.setState({ tab: source === null ? "timeline" : "source" });
  }, [source, viewerUi]);
  useEffect(() => {
    let { jumps } = transport.state;
    return transport.subscribe(() => {
      if (transport.state.jumps === jumps) return;
      jumps = transport.state.jumps;
      if (viewerUi.getState().tab !== "timeline") viewerUi.setState({ tab: "timeline" });
    });
  }, [transport, viewerUi]);
}

function SourceViewer({ media }: { readonly media: MediaReference }) {
  const { sourceTransport, editUi } = useStudio();
  const settings = useProject((view) => view.document.settings);
  const document = useMemo(() => sourceDocument(media, settings), [media, settings]);
  const shown = useMemo(() => fixedDocument(document), [document]);
  const locate = useLocate(document.media);
  const begin = media.availableRange?.start ?? 0;
  useEffect(() => {
    sourceTransport.pause();
    sourceTransport.clearMarks();
    sourceTransport.setTimeline({ rate: document.settings.rate, duration: lengthOf(document) });
    const { sourceIn, sourceOut } = editUi.getState();
    if (sourceIn !== null) sourceTransport.setIn(sourceIn - begin);
    if (sourceOut !== null) sourceTransport.setOut(sourceOut - begin - 1);
    sourceTransport.seek(sourceIn === null ? 0 : sourceIn - begin);
    return sourceTransport.subscribe(() => {
      const { inPoint, outPoint } = sourceTransport.state;
      const marks = {
        sourceIn: inPoint === null ? null : begin + inPoint,
        sourceOut: outPoint === null ? null : begin + outPoint,
      };
      const old = editUi.getState();
      if (old.sourceIn !== marks.sourceIn || old.sourceOut !== marks.sourceOut) editUi.setState(marks);
    });
  }, [sourceTransport, editUi, document, begin]);
  return (
    <Viewer shown={shown} transport={sourceTransport} locate={locate} isSource>
      {media.size === null ? <SourceSound media={media} /> : null}
    </Viewer>
  );
}

/** A sound has no picture: its waveform stands there, with the playhead on it. */
function SourceSound({ media }: { readonly media: MediaReference }) {
  const { sourceTransport } = useStudio();
  const status = useMediaStatus(media.id);
  const share = useSyncExternalStore(
    (listener) => sourceTransport.subscribe(listener),
    () => sourceTransport.time / Math.max(1, sourceTransport.state.duration),
  );
  if (status?.isOnline !== true || !status.peaks) return null;
  return (
    <div className="viewer__sound">
      <Waveform
        id={media.id}
        version={status.version}
        seconds={flicksToSeconds(media.availableRange?.duration ?? 0)}
        columns={600}
      />
      <span className="viewer__sound-playhead" style={{ left: `${100 * Math.min(1, share)}%` }} />
    </div>
  );
}
