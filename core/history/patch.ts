/**
 * The difference between two values that share what they have in common, as data: small enough to write to a journal after each edit,
 * exact in both directions. Libraries' patches (immer, RFC 6902) name array elements by index, so that one clip put in front of a
 * track exchanges every clip after it; here an array's difference is the stretches that were exchanged, found by identity.
 */
export type Path = readonly (string | number)[];

export type Change =
  /** Sets a field. */
  | { readonly path: Path; readonly set: unknown }
  /** Takes a field away. */
  | { readonly path: Path; readonly unset: true }
  /** Exchanges `remove` elements from index `at` on. */
  | { readonly path: Path; readonly at: number; readonly remove: number; readonly insert: readonly unknown[] };

/** Changes to be made in this order. */
export type Patch = readonly Change[];

/** What makes `after` of `before`. Costs as much as what is not shared between the two. */
export function diff(before: unknown, after: unknown): Patch {
  const changes: Change[] = [];
  compare(before, after, [], changes);
  return changes;
}

function compare(a: unknown, b: unknown, path: Path, changes: Change[]): void {
  if (Object.is(a, b)) return;
  if (Array.isArray(a) && Array.isArray(b)) compareArrays(a, b, path, changes);
  else if (isRecord(a) && isRecord(b)) compareRecords(a, b, path, changes);
  else changes.push({ path, set: b });
}

type Fields = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function compareRecords(a: Fields, b: Fields, path: Path, changes: Change[]): void {
  for (const key of Object.keys(a)) if (!Object.hasOwn(b, key)) changes.push({ path: [...path, key], unset: true });
  for (const key of Object.keys(b)) {
    if (!Object.hasOwn(a, key)) changes.push({ path: [...path, key], set: b[key] });
    else compare(a[key], b[key], [...path, key], changes);
  }
}

function compareArrays(a: readonly unknown[], b: readonly unknown[], path: Path, changes: Change[]): void {
  let start = 0;
  while (start < a.length && start < b.length && Object.is(a[start], b[start])) start++;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && Object.is(a[endA - 1], b[endB - 1])) {
    endA--;
    endB--;
  }
  // From the back, so that the indices before a change stay those of `a`.
  let [lastA, lastB] = [endA, endB];
  for (const [i, j] of [...kept(a, b, start, endA, endB), [start - 1, start - 1] as const]) {
    compareStretch(a.slice(i + 1, lastA), b.slice(j + 1, lastB), i + 1, path, changes);
    [lastA, lastB] = [i, j];
  }
}

/** A stretch without a common element: things of one id, in one order, are compared within; all else is exchanged. */
function compareStretch(a: readonly unknown[], b: readonly unknown[], at: number, path: Path, changes: Change[]): void {
  if (a.length === 0 && b.length === 0) return;
  if (a.length === b.length && a.every((value, k) => isSameThing(value, b[k])))
    for (const [k, value] of a.entries()) compare(value, b[k], [...path, at + k], changes);
  else changes.push({ path, at, remove: a.length, insert: b });
}

const isSameThing = (a: unknown, b: unknown): boolean =>
  isRecord(a) && isRecord(b) && a["id"] === b["id"] && a["kind"] === b["kind"];

/** Index pairs of elements that stay and keep their order (a longest increasing subsequence), from the last to the first. */
function kept(
  a: readonly unknown[],
  b: readonly unknown[],
  start: number,
  endA: number,
  endB: number,
): (readonly [number, number])[] {
  if (endA - start === 0 || endB - start === 0) return [];
  const places = new Map<unknown, number>();
  for (let i = start; i < endA; i++) if (isRecord(a[i])) places.set(a[i], i);
  interface Link {
    readonly pair: readonly [number, number];
    readonly before: Link | undefined;
  }
  /** The best chain of each length: the one that ends earliest in `a` (patience sorting). */
  const best: Link[] = [];
  for (let j = start; j < endB; j++) {
    const i = places.get(b[j]);
    if (i === undefined) continue;
    let [low, high] = [0, best.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (best[middle]!.pair[0] < i) low = middle + 1;
      else high = middle;
    }
    best[low] = { pair: [i, j], before: best[low - 1] };
  }
  const pairs: (readonly [number, number])[] = [];
  for (let link = best.at(-1); link !== undefined; link = link.before) pairs.push(link.pair);
  return pairs;
}

/** A patch that does not fit the value that it is applied to: it was made for another. */
export class PatchError extends Error {
  override readonly name = "PatchError";
}

/** Makes the changes; what they do not touch is shared with `value`. Errors: PatchError. */
export const applyPatch = <T>(value: T, patch: Patch): T =>
  patch.reduce<unknown>((current, change) => applyAt(current, change, 0), value) as T;

function applyAt(value: unknown, change: Change, depth: number): unknown {
  const key = change.path[depth];
  if (key === undefined) {
    if ("set" in change) return change.set;
    if ("unset" in change || !Array.isArray(value)) throw new PatchError("A change has nothing to change.");
    if (change.at + change.remove > value.length) throw new PatchError("A change reaches past the end of a list.");
    return value.toSpliced(change.at, change.remove, ...change.insert);
  }
  if (Array.isArray(value)) {
    if (typeof key !== "number" || key >= value.length) throw new PatchError(`There is no element ${key}.`);
    return value.with(key, applyAt(value[key], change, depth + 1));
  }
  if (!isRecord(value)) throw new PatchError(`There is nothing under ${key}.`);
  const last = depth === change.path.length - 1;
  if (last && "unset" in change) {
    const { [key]: _, ...others } = value;
    return others;
  }
  if (!(last && "set" in change) && !Object.hasOwn(value, key)) throw new PatchError(`There is nothing under ${key}.`);
  return { ...value, [key]: applyAt(value[key], change, depth + 1) };
}
