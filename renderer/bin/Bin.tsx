import "./bin.css";
import { useEffect, useMemo, useRef, useState } from "react";
import { useStore } from "zustand";
import { useProject, useSelect, useStudio, useTold } from "../state/context.ts";
import { pickFiles } from "../state/pick-files.ts";
import { TransitionPalette } from "../transitions/TransitionPalette.tsx";
import { Button } from "../ui/Button.tsx";
import { plural } from "../ui/format.ts";
import { Spinner } from "../ui/Spinner.tsx";
import { BinItems } from "./BinItems.tsx";
import { BinTools } from "./BinTools.tsx";
import {
  isChanged,
  isMissing,
  projectItems,
  sameUses,
  type Scope,
  shown,
  studioItems,
  usesOf,
  type View,
} from "./items.ts";
import { useFileDrop } from "./use-file-drop.ts";

const VIEW_KEY = "plume.bin";
export interface BinView extends View {
  readonly scope: Scope;
  /** The palette of transitions stands in the place of the media. */
  readonly showsTransitions: boolean;
  readonly layout: "grid" | "list";
}
const usual: BinView = {
  scope: "project",
  showsTransitions: false,
  layout: "grid",
  search: "",
  filter: "all",
  sort: "name",
  isDescending: false,
};

/** How the bin was looked at last; a search begins anew. */
function lastView(): BinView {
  try {
    const { layout, sort, isDescending } = JSON.parse(localStorage.getItem(VIEW_KEY) ?? "{}") as Partial<BinView>;
    return {
      ...usual,
      layout: layout === "list" ? "list" : "grid",
      sort: sort === "kind" || sort === "length" || sort === "added" || sort === "uses" ? sort : "name",
      isDescending: isDescending === true,
    };
  } catch {
    return usual;
  }
}

/** How often media are used; another value only when a count has changed, which few edits do. */
function useUses(): ReadonlyMap<string, number> {
  const last = useRef<ReadonlyMap<string, number>>(new Map());
  return useTold(({ document }) => {
    const now = usesOf(document);
    if (!sameUses(last.current, now)) last.current = now;
    return last.current;
  });
}

/** The project's media, and all that the studio has. Files dropped anywhere in the editor come in here. */
export function Bin() {
  const { exchange, media, mediaStatus, mediaFacts } = useStudio();
  const own = useProject((view) => view.document.media);
  const uses = useUses();
  const catalogue = useSelect((state) => state.catalogue);
  const clips = useSelect((state) => state.clips);
  const adding = useSelect((state) => state.adding);
  const status = useStore(mediaStatus.store);
  const seen = useStore(mediaFacts.store);
  const [view, setView] = useState(lastView);
  const change = (part: Partial<BinView>) => setView((before) => ({ ...before, ...part }));
  useEffect(() => localStorage.setItem(VIEW_KEY, JSON.stringify(view)), [view]);

  const all = useMemo(() => {
    const project = { media: own, uses };
    return view.scope === "project" ? projectItems(project, catalogue) : studioItems(project, catalogue, clips);
  }, [view.scope, own, uses, catalogue, clips]);
  useEffect(() => {
    const ids = all.map(({ id }) => id);
    mediaStatus.want(ids);
    mediaFacts.want(ids);
  }, [mediaStatus, mediaFacts, all]);
  const items = shown(all, status, view, seen);
  const missing = Object.values(own).filter(({ id }) => isMissing(status[id]));
  // Whoever comes back from another program may have changed a file there.
  useEffect(() => {
    const onFocus = () => mediaStatus.refresh();
    window.addEventListener("focus", onFocus);
    return () => window.removeEventListener("focus", onFocus);
  }, [mediaStatus]);
  const changed = Object.values(own).filter((each) => isChanged(each, status[each.id]));
  const locate = async (what: "files" | "folder") => media.locate(missing, await pickFiles(what));
  const isOver = useFileDrop((files) => void exchange.take(files).then(media.importFiles));
  const readOnly = useProject((each) => each.state?.readOnly ?? null);

  if (view.showsTransitions)
    return (
      <div className="bin">
        <BinTools view={view} onChange={change} readOnly={readOnly} />
        <TransitionPalette />
      </div>
    );
  return (
    <div className="bin" data-over={isOver}>
      <BinTools view={view} onChange={change} readOnly={readOnly} />
      {missing.length > 0 ? (
        <div className="bin__missing">
          <span>
            {missing.length === 1 ? `“${missing[0]!.name}” is missing.` : `${missing.length} files are missing.`}
          </span>
          <Button onClick={() => void locate("files")}>Locate …</Button>
          <Button kind="quiet" onClick={() => void locate("folder")}>
            In a folder …
          </Button>
        </div>
      ) : null}
      {changed.length > 0 && readOnly === null ? (
        <div className="bin__missing">
          <span>
            {changed.length === 1
              ? `“${changed[0]!.name}” has changed on disk since it was used.`
              : `${changed.length} files have changed on disk since they were used.`}
          </span>
          <Button onClick={() => void media.takeChanges(changed.map(({ id }) => id))}>Use as it is now</Button>
        </div>
      ) : null}
      {items.length > 0 ? (
        <BinItems items={items} status={status} layout={view.layout} scope={view.scope} />
      ) : (
        <Empty view={view} isEmpty={all.length === 0} isOver={isOver} />
      )}
      <Footer count={items.length} of={all.length} adding={adding} ids={all.map(({ id }) => id)} />
      {isOver && items.length > 0 ? <div className="bin__over">Let go to add it to the project.</div> : null}
    </div>
  );
}

function Empty({
  view,
  isEmpty,
  isOver,
}: {
  readonly view: BinView;
  readonly isEmpty: boolean;
  readonly isOver: boolean;
}) {
  const { exchange, media } = useStudio();
  if (!isEmpty)
    return (
      <div className="bin__empty">
        <p>{view.search === "" ? "Nothing of this kind is here." : `Nothing here is called “${view.search}”.`}</p>
      </div>
    );
  if (view.scope === "studio")
    return (
      <div className="bin__empty">
        <p>Clips that you make and files that you import, in any project, can be found here.</p>
      </div>
    );
  return (
    <div className="bin__empty" data-drop>
      <p>{isOver ? "Let go to add it." : "Drop video, pictures or sound here. Files stay where they are."}</p>
      <Button onClick={() => void pickFiles("files").then(exchange.take).then(media.importFiles)}>
        Import … <kbd className="key">Ctrl I</kbd>
      </Button>
    </div>
  );
}

function Footer({
  count,
  of,
  adding,
  ids,
}: {
  readonly count: number;
  readonly of: number;
  readonly adding: number;
  readonly ids: readonly string[];
}) {
  const { media, mediaStatus } = useStudio();
  const status = useStore(mediaStatus.store);
  const working = ids.filter((id) => status[id]?.work != null);
  const running = working.map((id) => status[id]!.work!).find(({ state }) => state === "running");
  const percent = running !== undefined && running.fraction > 0 ? ` ${Math.round(running.fraction * 100)} %` : "";
  return (
    <div className="bin__footer">
      {adding > 0 ? (
        <>
          <Spinner /> <span>Reading {plural(adding, "file")} …</span>
        </>
      ) : working.length > 0 ? (
        <>
          <span className="bin__work">
            Preparing {plural(working.length, "file")}
            {running === undefined ? "" : ` · ${THINGS[running.step]}${percent}`}
          </span>
          <Button kind="quiet" className="bin__stop" onClick={() => void media.stopPreparing(working)}>
            Stop
          </Button>
        </>
      ) : of === 0 ? null : (
        <span>{count === of ? plural(of, "item") : `${count} of ${of} items`}</span>
      )}
    </div>
  );
}

const THINGS = { poster: "picture", peaks: "waveform", strip: "thumbnails", proxy: "proxy" } as const;
