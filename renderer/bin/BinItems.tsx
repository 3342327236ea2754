import { TriangleAlert } from "lucide-react";
import { ContextMenu } from "radix-ui";
import { type KeyboardEvent, type MouseEvent, useRef, useState } from "react";
import { useStore } from "zustand";
import { factWords, type MediaStatus } from "../../core/contract/index.ts";
import { useStudio } from "../state/context.ts";
import { endMediaDrag, startMediaDrag } from "../state/drag.ts";
import { pickFiles } from "../state/pick-files.ts";
import { offProps } from "../ui/off.ts";
import { BinPicture } from "./BinPicture.tsx";
import { type BinItem, clock, isMissing, type Scope } from "./items.ts";

interface Props {
  readonly items: readonly BinItem[];
  readonly status: Readonly<Record<string, MediaStatus | undefined>>;
  readonly layout: "grid" | "list";
  readonly scope: Scope;
}

/** The media as pictures or as a list: select, drag out, open. */
export function BinItems({ items, status, layout, scope }: Props) {
  const { media, editUi, project } = useStudio();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [anchor, setAnchor] = useState<string | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const at = Math.max(
    0,
    items.findIndex(({ id }) => id === anchor),
  );
  const chosen = items.filter(({ id }) => selected.has(id)).map(({ id }) => id);

  function select(id: string, event: Pick<MouseEvent, "shiftKey" | "ctrlKey" | "metaKey">) {
    if (event.shiftKey && anchor !== null) {
      const [from, to] = [at, items.findIndex((item) => item.id === id)].sort((a, b) => a - b);
      setSelected(new Set(items.slice(from, to! + 1).map((item) => item.id)));
      return;
    }
    setAnchor(id);
    if (event.ctrlKey || event.metaKey) {
      const next = new Set(selected);
      if (!next.delete(id)) next.add(id);
      setSelected(next);
    } else setSelected(new Set([id]));
  }

  async function open(id: string) {
    if (isMissing(status[id])) return void locate([id]);
    if (await media.bring([id])) editUi.setState({ source: id, sourceIn: null, sourceOut: null });
  }

  async function locate(ids: readonly string[], what: "files" | "folder" = "files") {
    const { document } = project.store.getState();
    const missing = ids.flatMap((id) => (isMissing(status[id]) ? (document.media[id] ?? []) : []));
    if (missing.length > 0) await media.locate(missing, await pickFiles(what));
  }

  function onKeyDown(event: KeyboardEvent) {
    const columns = layout === "list" ? 1 : columnsOf(list.current);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: columns,
      ArrowUp: -columns,
      ...(layout === "grid" ? { ArrowRight: 1, ArrowLeft: -1 } : {}),
      Home: -items.length,
      End: items.length,
    };
    const step = steps[event.key];
    if (step !== undefined) {
      const next = items[Math.max(0, Math.min(items.length - 1, at + step))]!;
      select(next.id, { shiftKey: event.shiftKey, ctrlKey: false, metaKey: false });
      if (!event.shiftKey) setAnchor(next.id);
      list.current?.querySelector<HTMLElement>(`[data-id="${next.id}"]`)?.focus();
    } else if (event.key === "Enter") void open(items[at]!.id);
    else if (event.key === "Delete" && scope === "project") media.removeFromProject(chosen);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) setSelected(new Set(items.map(({ id }) => id)));
    else return;
    // What the list has done the timeline must not do as well.
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <ContextMenu.Root modal={false}>
      <ContextMenu.Trigger asChild>
        <div
          ref={list}
          className={`bin__items bin__items--${layout}`}
          // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- no select holds pictures that are dragged
          role="listbox"
          tabIndex={-1}
          aria-multiselectable
          aria-label={scope === "project" ? "Media of the project" : "Media of the studio"}
          onKeyDown={onKeyDown}
        >
          {items.map((item, n) => (
            <Item
              key={item.id}
              item={item}
              status={status[item.id]}
              layout={layout}
              scope={scope}
              isSelected={selected.has(item.id)}
              isFocusable={n === at}
              onSelect={(event) => select(item.id, event)}
              onContext={() =>
                selected.has(item.id) || select(item.id, { shiftKey: false, ctrlKey: false, metaKey: false })
              }
              onOpen={() => void open(item.id)}
              dragged={() => (selected.has(item.id) ? chosen : [item.id])}
            />
          ))}
        </div>
      </ContextMenu.Trigger>
      <Menu
        ids={chosen}
        items={items}
        status={status}
        onOpen={() => void (chosen[0] === undefined ? undefined : open(chosen[0]))}
        onLocate={(what) => void locate(chosen, what)}
      />
    </ContextMenu.Root>
  );
}

/** How many stand side by side. */
function columnsOf(list: HTMLElement | null): number {
  const [first, ...others] = [...(list?.children ?? [])] as HTMLElement[];
  if (first === undefined) return 1;
  const beyond = others.findIndex((other) => other.offsetTop > first.offsetTop);
  return beyond < 0 ? others.length + 1 : beyond + 1;
}

function Menu({
  ids,
  items,
  status,
  onOpen,
  onLocate,
}: Pick<Props, "items" | "status"> & {
  readonly ids: readonly string[];
  readonly onOpen: () => void;
  readonly onLocate: (what: "files" | "folder") => void;
}) {
  const { media } = useStudio();
  const chosen = items.filter(({ id }) => ids.includes(id));
  const missing = chosen.filter(({ id }) => isMissing(status[id]));
  const stuck = ids.filter((id) => status[id]?.problem != null);
  const unopened =
    chosen.length !== 1
      ? "The source viewer shows one at a time: choose one."
      : missing.length > 0
        ? "Its file is missing: locate it first."
        : null;
  const strange = chosen.filter(({ isInProject }) => !isInProject);
  return (
    <ContextMenu.Portal>
      <ContextMenu.Content className="menu">
        <ContextMenu.Item
          className="menu__item"
          {...offProps(unopened)}
          onSelect={(event) => {
            if (unopened === null) onOpen();
            else event.preventDefault();
          }}
        >
          Open in the source viewer <span className="menu__note">Enter</span>
        </ContextMenu.Item>
        {strange.length > 0 ? (
          <ContextMenu.Item className="menu__item" onSelect={() => void media.bring(ids)}>
            Add to the project
          </ContextMenu.Item>
        ) : null}
        {missing.length > 0 ? (
          <>
            <ContextMenu.Item className="menu__item" onSelect={() => onLocate("files")}>
              Locate …
            </ContextMenu.Item>
            <ContextMenu.Item className="menu__item" onSelect={() => onLocate("folder")}>
              Locate in a folder …
            </ContextMenu.Item>
          </>
        ) : null}
        {stuck.length > 0 ? (
          <ContextMenu.Item className="menu__item" onSelect={() => void media.prepare(stuck)}>
            Prepare again
          </ContextMenu.Item>
        ) : null}
        {chosen.some(({ isInProject }) => isInProject) ? (
          <>
            <ContextMenu.Separator className="menu__line" />
            <ContextMenu.Item className="menu__item" onSelect={() => media.removeFromProject(ids)}>
              Remove from the project <span className="menu__note">Delete</span>
            </ContextMenu.Item>
          </>
        ) : null}
      </ContextMenu.Content>
    </ContextMenu.Portal>
  );
}

const KINDS = { video: "video", audio: "sound", image: "picture" } as const;

interface ItemProps {
  readonly item: BinItem;
  readonly status: MediaStatus | undefined;
  readonly layout: "grid" | "list";
  readonly scope: Scope;
  readonly isSelected: boolean;
  readonly isFocusable: boolean;
  readonly onSelect: (event: MouseEvent) => void;
  readonly onContext: () => void;
  readonly onOpen: () => void;
  readonly dragged: () => readonly string[];
}

function Item({
  item,
  status,
  layout,
  scope,
  isSelected,
  isFocusable,
  onSelect,
  onContext,
  onOpen,
  dragged,
}: ItemProps) {
  const seen = useStore(useStudio().mediaFacts.store, (all) => all[item.id]);
  const shows = seen === undefined ? "" : factWords(seen).join(", ");
  const missing = isMissing(status);
  const problem = missing ? status!.reason : (status?.problem ?? null);
  const use = item.uses > 0 ? `used ${item.uses === 1 ? "once" : `${item.uses} times`}` : "not used";
  // Said beside what is to be seen: what colours and places tell the eye.
  const said = [
    KINDS[item.kind],
    ...(item.isGenerated ? ["generated"] : []),
    ...(scope === "project" ? [use] : item.isInProject ? ["in the project"] : []),
  ];
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the list has the keys
    <div
      className="bin-item"
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- as the list
      role="option"
      aria-selected={isSelected}
      tabIndex={isFocusable ? 0 : -1}
      title={[item.name, item.facts, shows && `Shows: ${shows}`, item.note, problem].filter(Boolean).join("\n")}
      data-id={item.id}
      data-kind={item.kind}
      data-missing={missing}
      draggable={!missing}
      onClick={onSelect}
      onContextMenu={onContext}
      onDoubleClick={onOpen}
      onDragStart={(event) => startMediaDrag(event.dataTransfer, dragged())}
      onDragEnd={endMediaDrag}
    >
      <BinPicture item={item} status={status} best={seen?.poster.time ?? null} />
      <span className="bin-item__text">
        <span className="bin-item__name">{item.name}</span>
        <span className="visually-hidden">{said.join(", ")}</span>
        <span className="bin-item__facts">
          {missing ? (
            <span className="bin-item__problem">
              <TriangleAlert size={11} aria-hidden />
              missing{status!.folder === null ? "" : ` · ${status!.folder}`}
            </span>
          ) : (
            <>
              {problem === null ? null : <TriangleAlert size={11} aria-hidden className="bin-item__warning" />}
              <span className="bin-item__about">{item.facts}</span>
            </>
          )}
          {layout === "list" && item.seconds !== null ? <span className="mono">{clock(item.seconds)}</span> : null}
        </span>
      </span>
      {scope === "project" ? (
        item.uses > 0 ? (
          <span className="bin-item__uses" aria-hidden>
            {item.uses}
          </span>
        ) : null
      ) : item.isInProject ? (
        <span className="bin-item__uses" aria-hidden>
          ✓
        </span>
      ) : null}
    </div>
  );
}
