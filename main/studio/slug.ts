const MAX_CHARACTERS = 48;

/**
 * A file name from a prompt and a seed: `blue-bubbles-rising-slowly-s42`. Letters and digits of every script stay; marks that only
 * modify letters, controls, bidirectional overrides, emoji and anything a file system could trip over become a single hyphen or go.
 * Never empty, never a reserved Windows name (the seed's suffix sees to that), at most 48 characters of the prompt.
 */
export function clipBaseName(prompt: string, seed: number): string {
  const words = prompt
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
  const short = Array.from(words)
    .slice(0, MAX_CHARACTERS)
    .join("")
    .replace(/[-\p{M}]+$/u, "");
  return `${/[\p{L}\p{N}]/u.test(short) ? short : "clip"}-s${seed}`;
}
