import "./grid.css";
import { ListFilter } from "lucide-react";
import { type KeyboardEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { usePromptChecks, useSelect, useStudio } from "../state/context.ts";
import type { Item } from "../state/items.ts";
import { bestFirst, canSort } from "../state/prompt-checks.ts";
import { Button } from "../ui/Button.tsx";
import { balancedWidth, type Box, pictureHeight } from "./layout.ts";
import { Tile } from "./Tile.tsx";

const PADDING = 24;
const ORDER_KEY = "plume.order-of-variations";

function useRoom() {
  const element = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState<Box>({ width: 800, height: 500 });
  useLayoutEffect(() => {
    const target = element.current;
    if (!target) return undefined;
    const measure = () =>
      setRoom({ width: target.clientWidth - 2 * PADDING, height: target.clientHeight - 2 * PADDING });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(target);
    return () => observer.disconnect();
  }, []);
  return { element, room };
}

/** Index of the tile that an arrow key leads to: beside, or the nearest one in the row above or below. */
function neighbour(tiles: readonly HTMLElement[], from: number, key: string): number {
  if (key === "ArrowLeft") return Math.max(0, from - 1);
  if (key === "ArrowRight") return Math.min(tiles.length - 1, from + 1);
  if (key === "Home") return 0;
  if (key === "End") return tiles.length - 1;
  const here = tiles[from]?.getBoundingClientRect();
  if (!here || (key !== "ArrowUp" && key !== "ArrowDown")) return from;
  const down = key === "ArrowDown";
  let best = from;
  let bestDistance = Number.POSITIVE_INFINITY;
  tiles.forEach((tile, index) => {
    const box = tile.getBoundingClientRect();
    const dy = down ? box.top - here.bottom : here.top - box.bottom;
    if (dy < 0) return;
    const distance = dy * 10 + Math.abs((box.left + box.right - here.left - here.right) / 2);
    if (distance < bestDistance) [best, bestDistance] = [index, distance];
  });
  return best;
}

/** All tiles, as large as lets them be seen at once. One Tab stop; arrows move inside. */
export function Grid({ items: inOrder }: { readonly items: readonly Item[] }) {
  const { actions } = useStudio();
  const checks = usePromptChecks(inOrder);
  const [isBestFirst, setBestFirst] = useState(() => localStorage.getItem(ORDER_KEY) === "best");
  useEffect(() => localStorage.setItem(ORDER_KEY, isBestFirst ? "best" : "seed"), [isBestFirst]);
  const items = useMemo(() => (isBestFirst ? bestFirst(inOrder, checks) : inOrder), [isBestFirst, inOrder, checks]);
  const selected = useSelect((state) => state.selected);
  const { element, room } = useRoom();
  const { height, width } = useMemo(() => {
    const aspects = items.map(({ request }) => request.width / request.height);
    const height = pictureHeight(
      items.map(({ request }) => request),
      room,
    );
    return { height, width: balancedWidth(aspects, height, room.width) };
  }, [items, room]);
  const entry = items.some(({ key }) => key === selected) ? selected : items[0]?.key;

  function onKeyDown(event: KeyboardEvent<HTMLUListElement>) {
    const tiles = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-tile]")];
    const from = tiles.findIndex((tile) => tile === event.target);
    if (from < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const item = items[from];
    if ((event.key === "Enter" || event.key === " ") && item) {
      event.preventDefault();
      if (item.clip) actions.play(item.key);
      return;
    }
    if (event.key === "Escape") {
      actions.select(null);
      return;
    }
    const to = neighbour(tiles, from, event.key);
    if (to === from && !/^(Arrow|Home|End)/.test(event.key)) return;
    event.preventDefault();
    tiles[to]?.focus();
    tiles[to]?.scrollIntoView({ block: "nearest" });
  }

  return (
    <div className="grid" ref={element}>
      {canSort(inOrder, checks) ? (
        <Button
          kind="quiet"
          className="grid__order"
          aria-pressed={isBestFirst}
          icon={<ListFilter size={13} aria-hidden />}
          label="Of variations, show those first that show most of what was asked for"
          onClick={() => setBestFirst(!isBestFirst)}
        >
          Best match first
        </Button>
      ) : null}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the keys of the tiles inside, handled once */}
      <ul className="grid__tiles" style={{ width }} aria-label="Clips" onKeyDown={onKeyDown}>
        {items.map((item) => (
          <Tile
            key={item.key}
            item={item}
            height={height}
            isSelected={item.key === selected}
            isEntry={item.key === entry}
            check={checks.get(item.key) ?? null}
          />
        ))}
      </ul>
    </div>
  );
}
