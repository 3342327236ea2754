import "./transitions.css";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { type Transition, transitionTypes } from "../../core/timeline/index.ts";
import { useCommands } from "../commands/use-commands.ts";
import { endTransitionDrag, startTransitionDrag } from "../state/drag.ts";
import { transitionNames } from "../timeline/transitions.ts";
import { useReducedMotion } from "../ui/use-reduced-motion.ts";
import { paintPreview, PREVIEW_HEIGHT, PREVIEW_WIDTH, typical } from "./preview.ts";

/** Every transition as a moving picture: dragged onto a cut, or put on the chosen one with Enter or a double-click. */
export function TransitionPalette() {
  const commands = useCommands();
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const apply = (type: Transition["type"]) => commands.run(`transition.${type}`);

  function go(to: number): void {
    const next = Math.max(0, Math.min(transitionTypes.length - 1, to));
    setAt(next);
    list.current?.querySelectorAll<HTMLElement>(".transition-card")[next]?.focus();
  }

  function onKeyDown(event: KeyboardEvent): void {
    const columns = columnsOf(list.current);
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
      Home: -transitionTypes.length,
      End: transitionTypes.length,
    };
    const step = steps[event.key];
    if (step !== undefined) go(at + step);
    else if (event.key === "Enter" || event.key === " ") apply(transitionTypes[at]!);
    else return;
    // What the list has done the timeline must not do as well.
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div className="transitions">
      <div
        ref={list}
        className="transitions__list"
        // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- no select holds pictures that are dragged
        role="listbox"
        tabIndex={-1}
        aria-label="Transitions"
        onKeyDown={onKeyDown}
      >
        {transitionTypes.map((type, i) => (
          <Card
            key={type}
            type={type}
            isChosen={i === at}
            onChoose={() => setAt(i)}
            onApply={() => {
              setAt(i);
              apply(type);
            }}
          />
        ))}
      </div>
      <p className="transitions__help">Drag one onto a cut. Enter or a double-click puts it on the selected cut.</p>
    </div>
  );
}

/** How many stand side by side. */
function columnsOf(list: HTMLElement | null): number {
  const cards = [...(list?.querySelectorAll<HTMLElement>(".transition-card") ?? [])];
  const beyond = cards.findIndex((card) => card.offsetTop > cards[0]!.offsetTop);
  return beyond < 0 ? Math.max(1, cards.length) : beyond;
}

interface CardProps {
  readonly type: Transition["type"];
  readonly isChosen: boolean;
  readonly onChoose: () => void;
  readonly onApply: () => void;
}

/** How long a preview takes to go over, and how long each picture then stands. */
const [WAY_MS, REST_MS] = [900, 350];

function Card({ type, isChosen, onChoose, onApply }: CardProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [plays, setPlays] = useState(false);
  const isStill = useReducedMotion();

  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return undefined;
    if (!plays || isStill) {
      paintPreview(context, type, typical[type]);
      return undefined;
    }
    let frame = 0;
    let start: number | null = null;
    const draw = (now: number) => {
      start ??= now;
      const place = (now - start) % (WAY_MS + 2 * REST_MS);
      paintPreview(context, type, Math.min(1, Math.max(0, (place - REST_MS) / WAY_MS)));
      frame = requestAnimationFrame(draw);
    };
    frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  }, [type, plays, isStill]);

  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the list has the keys
    <div
      className="transition-card"
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- as the list
      role="option"
      aria-selected={isChosen}
      tabIndex={isChosen ? 0 : -1}
      draggable
      data-type={type}
      onClick={onChoose}
      onDoubleClick={onApply}
      onPointerEnter={() => setPlays(true)}
      onPointerLeave={() => setPlays(false)}
      onFocus={() => {
        onChoose();
        setPlays(true);
      }}
      onBlur={() => setPlays(false)}
      onDragStart={(event) => startTransitionDrag(event.dataTransfer, type)}
      onDragEnd={endTransitionDrag}
    >
      <canvas
        ref={canvas}
        className="transition-card__picture"
        width={PREVIEW_WIDTH}
        height={PREVIEW_HEIGHT}
        aria-hidden
      />
      <span className="transition-card__name">{transitionNames[type]}</span>
    </div>
  );
}
