import type { Flicks } from "../time/index.ts";
import { type Child, subclip, type Track } from "../timeline/index.ts";

/** What a track of OpenTimelineIO comes to: its own line, and lines that lie beside it since it holds stacks. All begin with it. */
export interface Lines {
  readonly main: readonly Child[];
  readonly beside: readonly Line[];
}

export interface Line {
  readonly kind: Track["kind"];
  readonly children: readonly Child[];
}

const lasts = (child: Child): Flicks =>
  child.kind === "gap" ? child.duration : child.kind === "clip" ? child.sourceRange.duration : 0;

export const lengthOf = (children: readonly Child[]): Flicks => children.reduce((sum, each) => sum + lasts(each), 0);

const gap = (duration: Flicks): Child[] => (duration > 0 ? [{ kind: "gap", duration }] : []);

/** As much of a line as lies from `from` on for `length`, which it then lasts; what it has not there is a gap. */
export function cut(children: readonly Child[], from: Flicks, length: Flicks): Child[] {
  const shown: Child[] = gap(Math.min(length, -from));
  const to = from + length;
  let at = 0;
  for (const child of children) {
    if (child.kind === "transition") {
      if (from < at && at < to) shown.push(child);
      continue;
    }
    const [start, end] = [Math.max(at, from), Math.min(at + lasts(child), to)];
    if (start < end)
      shown.push(child.kind === "gap" ? { kind: "gap", duration: end - start } : subclip(child, start - at, end - at));
    at += lasts(child);
  }
  return [...shown, ...gap(length - lengthOf(shown))];
}

/** All lines from `from` on for `length`. */
export const cutLines = ({ main, beside }: Lines, from: Flicks, length: Flicks): Lines => ({
  main: cut(main, from, length),
  beside: beside.map((line) => ({ ...line, children: cut(line.children, from, length) })),
});

/** These lines after each other. */
export function joined(parts: readonly Lines[]): Lines {
  const main: Child[] = [];
  const beside: Line[] = [];
  let at = 0;
  for (const part of parts) {
    for (const line of part.beside) beside.push({ ...line, children: [...gap(at), ...line.children] });
    for (const child of part.main) main.push(child);
    at += lengthOf(part.main);
  }
  return { main, beside: merged(beside) };
}

/** Lines of one kind that come after each other are one. */
function merged(lines: readonly Line[]): Line[] {
  const all: { kind: Track["kind"]; children: Child[] }[] = [];
  for (const { kind, children } of lines) {
    const first = children.findIndex((child) => child.kind === "clip");
    if (first < 0) continue;
    const start = lengthOf(children.slice(0, first));
    const earlier = all.find((line) => line.kind === kind && lengthOf(withoutEnd(line.children)) <= start);
    if (earlier === undefined) {
      all.push({ kind, children: [...children] });
      continue;
    }
    const before = withoutEnd(earlier.children);
    earlier.children = [...before, ...gap(start - lengthOf(before)), ...children.slice(first)];
  }
  return all;
}

function withoutEnd(children: readonly Child[]): Child[] {
  const last = children.findLastIndex((child) => child.kind !== "gap");
  return children.slice(0, last + 1);
}
