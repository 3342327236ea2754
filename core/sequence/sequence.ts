/** Numbered pictures (`shot_0001.png`, `shot_0002.png` …) that make a film: how renderers, compositors and cameras' time lapses leave them. */

export interface NumberedName {
  readonly prefix: string;
  readonly number: number;
  /** Places that the number fills up with zeros; 0 where it does not. */
  readonly digits: number;
  readonly suffix: string;
}

const PICTURES = /^\.(png|jpe?g|tiff?|exr|dpx|bmp|tga|webp)$/i;
/** Fewer pictures in a row are pictures. */
const FEWEST = 12;
/** What cameras call photographs (DCF: four letters, four digits): many in a row are still photographs. */
const PHOTOGRAPH = /^[A-Z0-9_]{4}\d{4}\.(jpe?g|tiff?)$/i;

/** Takes the last number out of a picture's name; null where there is none or the name is no picture's. */
export function numberedName(name: string): NumberedName | null {
  const parts = /^(.*?)(\d{1,9})(\.[A-Za-z]+)$/.exec(name);
  const [, prefix = "", digits = "", suffix = ""] = parts ?? [];
  if (parts === null || !PICTURES.test(suffix)) return null;
  return { prefix, number: Number(digits), digits: digits.length, suffix };
}

export interface SequenceGroup<T> {
  /** “shot_[0001-0120].png” */
  readonly name: string;
  /** In the order of their numbers, without a gap. */
  readonly members: readonly T[];
}

/**
 * Finds the sequences among files that were handed over together. Files of one folder whose names differ only in a number that counts on
 * for a dozen pictures at least make one; everything else stays as it is, in its order.
 */
export function groupSequences<T>(
  files: readonly T[],
  nameOf: (file: T) => { readonly folder: string; readonly name: string },
): { sequences: SequenceGroup<T>[]; others: T[] } {
  const families = new Map<string, { file: T; name: string; parts: NumberedName }[]>();
  for (const file of files) {
    const { folder, name } = nameOf(file);
    const parts = PHOTOGRAPH.test(name) ? null : numberedName(name);
    if (parts === null) continue;
    const key = JSON.stringify([folder, parts.prefix, parts.suffix]);
    families.set(key, [...(families.get(key) ?? []), { file, name, parts }]);
  }
  const sequences: SequenceGroup<T>[] = [];
  const taken = new Set<T>();
  for (const family of families.values()) {
    family.sort((a, b) => a.parts.number - b.parts.number);
    for (const run of runs(family)) {
      if (run.length < FEWEST || patternOf(run.map(({ name }) => name)) === null) continue;
      const [first, last] = [run[0]!, run.at(-1)!];
      const { prefix, digits, suffix } = first.parts;
      const number = (each: typeof first): string => String(each.parts.number).padStart(digits, "0");
      sequences.push({
        name: `${prefix}[${number(first)}-${number(last)}]${suffix}`,
        members: run.map(({ file }) => file),
      });
      for (const { file } of run) taken.add(file);
    }
  }
  return { sequences, others: files.filter((file) => !taken.has(file)) };
}

/** Stretches whose numbers follow each other. */
function runs<T extends { readonly parts: NumberedName }>(sorted: readonly T[]): T[][] {
  const all: T[][] = [];
  for (const each of sorted) {
    const last = all.at(-1);
    if (last !== undefined && last.at(-1)!.parts.number + 1 === each.parts.number) last.push(each);
    else all.push([each]);
  }
  return all;
}

/**
 * Names in the order of their numbers as one printf pattern, as ffmpeg's image2 reads them; null where they are not all of one family, leave
 * a number out, or are filled up with zeros now and then.
 */
export function patternOf(names: readonly string[]): { readonly pattern: string; readonly first: number } | null {
  const parts = names.map(numberedName);
  const [first] = parts;
  if (first === null || first === undefined) return null;
  const isPadded = parts.every((part) => part?.digits === first.digits);
  const isPlain = parts.every((part) => part !== null && part.digits === String(part.number).length);
  if (!isPadded && !isPlain) return null;
  for (const [n, part] of parts.entries())
    if (
      part === null ||
      part.prefix !== first.prefix ||
      part.suffix !== first.suffix ||
      part.number !== first.number + n
    )
      return null;
  const number = isPadded ? `%0${first.digits}d` : "%d";
  return { pattern: escape(first.prefix) + number + escape(first.suffix), first: first.number };
}

const escape = (text: string): string => text.replaceAll("%", "%%");
