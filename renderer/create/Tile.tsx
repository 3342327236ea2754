/* oxlint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events, jsx-a11y/prefer-tag-over-role --
   A tile is a group of controls that arrow keys move between; Grid handles its keys, and no tag means that. */
import "./tile.css";
import { AudioLines, Ban, Clock3, Maximize2, RotateCcw, Sparkle, Trash2, X } from "lucide-react";
import { memo, useState } from "react";
import { useSelect, useStaleness, useStudio, useTitle } from "../state/context.ts";
import { type Item, queueOf } from "../state/items.ts";
import { Button } from "../ui/Button.tsx";
import { formatLength } from "../ui/format.ts";
import { Spinner } from "../ui/Spinner.tsx";
import { describe, etaWords, phaseWords } from "../ui/words.ts";
import { ClipVideo } from "./ClipVideo.tsx";
import type { PromptCheck } from "../../core/vision/index.ts";
import { LatentPreview } from "./LatentPreview.tsx";
import { tileWidth } from "./layout.ts";
import { PromptBadge } from "./PromptBadge.tsx";
import { Asking, Paused, Stale } from "./TileAnimation.tsx";
import { TileError } from "./TileError.tsx";

interface Props {
  readonly item: Item;
  /** Of the picture, CSS pixels. */
  readonly height: number;
  readonly isSelected: boolean;
  /** True for the one tile that Tab reaches. */
  readonly isEntry: boolean;
  /** Whether it shows what was asked for; null where nothing can be told. */
  readonly check: PromptCheck | null;
}

export const Tile = memo(function Tile({ item, height, isSelected, isEntry, check }: Props) {
  const { actions } = useStudio();
  const { request, state, job, clip } = item;
  const title = useTitle(item);
  const stale = useStaleness(clip);
  const width = tileWidth(request.width / request.height, height);
  // The last preview stays until the clip's first picture is there, so that nothing flashes in between.
  const [isVideoReady, setVideoReady] = useState(false);
  return (
    <li className="tile" style={{ width }}>
      <div
        className="tile__picture"
        style={{ height }}
        data-tile={item.key}
        data-state={state}
        role="group"
        aria-label={describe(item)}
        aria-current={isSelected}
        tabIndex={isEntry ? 0 : -1}
        onFocus={() => actions.select(item.key)}
        onClick={(event) => {
          if (event.detail < 2) actions.select(item.key);
        }}
        onDoubleClick={() => clip && actions.play(item.key)}
        draggable={clip !== null && window.studio !== undefined}
        onDragStart={(event) => {
          // In the desktop app the system drags the clip's file, to wherever files can go.
          event.preventDefault();
          if (clip) window.studio?.dragClip(clip.id);
        }}
      >
        {clip ? <ClipVideo clip={clip} onReady={() => setVideoReady(true)} /> : null}
        {job && state !== "failed" && !(clip && isVideoReady) ? <LatentPreview job={job} /> : null}
        {job && state === "failed" ? <TileError item={item} /> : null}
        {state === "cancelled" ? <Stopped item={item} /> : null}
        {item.kind === "animate" && state === "waiting" ? <Asking item={item} /> : null}
        {state === "paused" ? <Paused item={item} /> : null}
        {state === "queued" || state === "running" ? <Working item={item} /> : null}
        {item.kind === "animate" && stale ? <Stale item={item} reason={stale} /> : null}
        {state === "failed" || state === "cancelled" ? (
          <Button
            className="tile__stop"
            icon={<X size={14} aria-hidden />}
            label="Remove (Delete)"
            onClick={() => void actions.remove(item)}
          />
        ) : null}
        {clip ? (
          <div className="tile__tools">
            <Button
              icon={<Maximize2 size={14} aria-hidden />}
              label="Open in the player (Enter)"
              onClick={() => actions.play(item.key)}
            />
            {item.kind === "animate" ? (
              <Button
                icon={<AudioLines size={14} aria-hidden />}
                label="Open in the motion lane (U)"
                onClick={() => actions.animations.reuse(item)}
              />
            ) : null}
            <Button
              icon={<RotateCcw size={14} aria-hidden />}
              label="Make again, same seed (R)"
              onClick={() => void actions.makeAgain(item)}
            />
            <Button
              icon={<Trash2 size={14} aria-hidden />}
              label="Remove (Delete)"
              onClick={() => void actions.remove(item)}
            />
          </div>
        ) : null}
      </div>
      <div className="tile__caption">
        <p className="tile__prompt" title={title} dir="auto">
          {title}
        </p>
        <p className="tile__facts mono">
          <Sparkle size={10} className="tile__star" aria-label="Generated" />
          <span>{formatLength(request.frames, request.fps)}</span>
          {item.kind === "animate" ? <AudioLines size={11} className="tile__sound" aria-label="With sound" /> : null}
          <span className="tile__seed">seed {request.seed}</span>
          {check === null ? null : <PromptBadge check={check} />}
        </p>
      </div>
    </li>
  );
});

function Working({ item }: { readonly item: Item }) {
  const { actions } = useStudio();
  const before = useSelect((state) => queueOf(state.jobs).findIndex(({ id }) => id === item.job?.id));
  const { job } = item;
  if (!job) return null;
  const waiting = job.state === "queued";
  const { progress } = job;
  const eta = etaWords(progress);
  return (
    <>
      {waiting ? (
        <div className="tile__waiting" title={job.waitsFor ?? undefined}>
          <Clock3 size={18} aria-hidden />
          {job.waitsFor === null ? (before > 0 ? `${before} before this` : "Next") : "Waits for memory"}
        </div>
      ) : job.preview === null ? (
        <div className="tile__waiting">
          <Spinner size={18} />
          {phaseWords(progress)}
        </div>
      ) : (
        <div className="tile__status">
          <span>{phaseWords(progress)}</span>
          {eta ? <span className="tile__eta">{eta}</span> : null}
        </div>
      )}
      {waiting || progress.fraction === 0 ? null : (
        <progress className="progress tile__progress" aria-label="Progress" max={1} value={progress.fraction} />
      )}
      <Button
        className="tile__stop"
        icon={<X size={14} aria-hidden />}
        label={waiting ? "Take out of the queue (Delete)" : "Stop this one (Delete)"}
        onClick={() => void actions.cancel(item)}
      />
    </>
  );
}

function Stopped({ item }: { readonly item: Item }) {
  const { actions } = useStudio();
  return (
    <div className="tile__message">
      <p className="tile__sentence">
        <Ban size={15} aria-hidden /> Stopped.
      </p>
      <div className="tile__choices">
        <Button onClick={() => void actions.retry(item)}>Retry</Button>
      </div>
    </div>
  );
}
