import type { Command } from "./command.ts";

/**
 * How well a command fits what was typed: 0 not at all. The letters must come in this order; beginnings of words and letters that
 * follow on each other count more, so "sp" finds "Split at playhead" before "Step up".
 */
export function scoreOf({ title, group }: Pick<Command, "title" | "group">, typed: string): number {
  const wanted = typed.toLowerCase().replaceAll(/\s+/g, "");
  if (wanted === "") return 1;
  const own = fuzzy(title.toLowerCase(), wanted);
  return own > 0 ? own : fuzzy(`${group} ${title}`.toLowerCase(), wanted) / 2;
}

function fuzzy(text: string, wanted: string): number {
  const whole = text.replaceAll(" ", "").indexOf(wanted);
  let score = whole === 0 ? 4 : whole > 0 ? 1 : 0;
  let at = -1;
  for (const letter of wanted) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return 0;
    const startsWord = next === 0 || text[next - 1] === " ";
    score += next === at + 1 ? 1.5 : startsWord ? 2 : 0.4;
    at = next;
  }
  return score / (wanted.length + text.length / 40);
}

/** The commands that fit, the best first. */
export function search(commands: readonly Command[], typed: string): Command[] {
  return commands
    .map((command) => ({ command, score: scoreOf(command, typed) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ command }) => command);
}
