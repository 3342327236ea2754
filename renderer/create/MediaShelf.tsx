import "./media-shelf.css";
import { AudioLines, Plus, RefreshCw, Trash2, TriangleAlert, WandSparkles } from "lucide-react";
import { type DragEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { LaneMedia } from "../../core/contract/index.ts";
import { useSelect, useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { formatSeconds } from "../ui/format.ts";
import { Spinner } from "../ui/Spinner.tsx";

/** A card on its way to another card, as drag and drop carries it. */
const CARD = "application/x-plume-lane-media";
const ACCEPT = "image/*,audio/*,video/*";

/**
 * Pictures and sounds that the user gave to the studio. Dropping one onto one of the other kind brings them together; so do both
 * selected and Shift+G.
 */
export function MediaShelf() {
  const { actions, exchange } = useStudio();
  const media = useSelect((state) => state.media);
  const picked = useSelect((state) => state.picked);
  const adding = useSelect((state) => state.adding);
  const add = async (files: readonly File[]) => {
    const media = await exchange.take(files.map((file) => ({ file, folder: "" })));
    if (media.length > 0) await actions.animations.addFiles(media.map(({ file }) => file));
  };
  const isOver = useWindowDrop((files) => void add(files));
  const input = useRef<HTMLInputElement>(null);
  const kinds = new Set(media.filter(({ isThere }) => isThere).map(({ kind }) => kind));
  return (
    <section className="shelf" aria-label="Pictures and sounds" data-over={isOver} data-empty={media.length === 0}>
      {media.length === 0 ? (
        <p className="shelf__empty">
          {isOver ? "Let go to add it." : "Drop a picture and a sound here, and the picture will move to the sound."}
        </p>
      ) : (
        <ul className="shelf__cards">
          {media.map((each) => (
            <Card key={each.id} media={each} isPicked={picked.includes(each.id)} />
          ))}
        </ul>
      )}
      {adding > 0 ? (
        <span className="shelf__adding">
          <Spinner /> Reading …
        </span>
      ) : null}
      <input
        ref={input}
        className="visually-hidden"
        type="file"
        multiple
        accept={ACCEPT}
        tabIndex={-1}
        aria-label="Pictures and sounds"
        onChange={(event) => {
          void add([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      <Button icon={<Plus size={14} aria-hidden />} onClick={() => input.current?.click()}>
        Add …
      </Button>
      {kinds.size === 2 ? (
        <Button
          icon={<WandSparkles size={14} aria-hidden />}
          label="Animate the selected picture with the selected sound (Shift G)"
          onClick={() => actions.animations.openLane()}
        >
          Animate
        </Button>
      ) : null}
    </section>
  );
}

/** Files dropped anywhere in the window, except where a card or a sheet takes them; true while some hover over it. */
function useWindowDrop(onFiles: (files: File[]) => void): boolean {
  const [isOver, setOver] = useState(false);
  const take = useRef(onFiles);
  useEffect(() => {
    take.current = onFiles;
  });
  useLayoutEffect(() => {
    let depth = 0;
    const carriesFiles = (event: globalThis.DragEvent) => event.dataTransfer?.types.includes("Files") === true;
    const enter = (event: globalThis.DragEvent) => {
      if (!carriesFiles(event)) return;
      depth += 1;
      setOver(true);
    };
    const leave = (event: globalThis.DragEvent) => {
      if (!carriesFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const over = (event: globalThis.DragEvent) => event.preventDefault();
    const drop = (event: globalThis.DragEvent) => {
      depth = 0;
      setOver(false);
      const isTaken = event.defaultPrevented;
      // Without this the browser would leave the studio for the file.
      event.preventDefault();
      if (!isTaken && carriesFiles(event) && !(event.target as HTMLElement).closest("[data-media]"))
        take.current([...(event.dataTransfer?.files ?? [])]);
    };
    window.addEventListener("dragenter", enter);
    window.addEventListener("dragleave", leave);
    window.addEventListener("dragover", over);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragenter", enter);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("dragover", over);
      window.removeEventListener("drop", drop);
    };
  }, []);
  return isOver;
}

function Card({ media, isPicked }: { readonly media: LaneMedia; readonly isPicked: boolean }) {
  const { actions, client } = useStudio();
  const { animations } = actions;
  const [isTarget, setTarget] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const facts = media.kind === "picture" ? `${media.width}×${media.height}` : formatSeconds(media.seconds);

  function onDrop(event: DragEvent) {
    setTarget(false);
    const id = event.dataTransfer.getData(CARD);
    event.preventDefault();
    if (id !== "" && id !== media.id) animations.openLane(id, media.id);
    else if (event.dataTransfer.files.length > 0) void animations.addFiles([...event.dataTransfer.files], media);
  }

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- files land on it; the button inside and Shift+G do the same
    <li
      className="card"
      data-media={media.id}
      data-kind={media.kind}
      data-picked={isPicked}
      data-target={isTarget}
      data-missing={!media.isThere}
      onDragEnter={() => setTarget(true)}
      onDragLeave={() => setTarget(false)}
      onDragOver={(event) => event.preventDefault()}
      onDrop={onDrop}
    >
      <button
        type="button"
        className="card__body"
        aria-pressed={isPicked}
        title={media.note ?? media.name}
        draggable
        onDragStart={(event) => event.dataTransfer.setData(CARD, media.id)}
        onClick={() => animations.pickMedia(media.id)}
        onDoubleClick={() => animations.openLane(media.id)}
      >
        {media.kind === "picture" ? (
          <img className="card__picture" src={client.pictureUrl(media.id, media.version)} alt="" draggable={false} />
        ) : (
          <span className="card__sound">
            <AudioLines size={20} aria-hidden />
          </span>
        )}
        <span className="card__text">
          <span className="card__name">
            <span className="visually-hidden">{media.kind === "picture" ? "Picture " : "Sound "}</span>
            {media.name}
          </span>
          <span className="card__facts mono">
            {media.isThere ? facts : <TriangleAlert size={11} aria-hidden />}
            {media.isThere ? "" : " missing"}
          </span>
        </span>
      </button>
      <span className="card__tools">
        <input
          ref={input}
          className="visually-hidden"
          type="file"
          accept={media.kind === "picture" ? "image/*" : "audio/*,video/*"}
          tabIndex={-1}
          aria-label={`Replacement for ${media.name}`}
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file) void animations.replaceMedia(media, file);
            event.target.value = "";
          }}
        />
        <Button
          kind="quiet"
          icon={<RefreshCw size={13} aria-hidden />}
          label={`Replace ${media.name} by another file`}
          onClick={() => input.current?.click()}
        />
        <Button
          kind="quiet"
          icon={<Trash2 size={13} aria-hidden />}
          label={`Take ${media.name} off the list; the file stays`}
          onClick={() => void animations.removeMedia(media)}
        />
      </span>
    </li>
  );
}
