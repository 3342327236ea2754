/**
 * Every control of the window that is off says why. `disabled` takes it out of the keyboard's reach and gives no reason, so controls are
 * turned off by `Button off=` or `offProps` (renderer/ui/off.ts) only; this finds the others.
 */
import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(import.meta.dirname, "..");

/** An attribute, not a name in an argument list or a type. The empty option of a select stands for “nothing chosen”. */
const bare = /(?:^|\s)(?:aria-)?disabled(?:=|\s*$|\s*\/?>)|<[A-Za-z][^>]*\sdisabled\s/u;
const isExempt = (line: string): boolean => line.includes('<option value=""');

/** Numbers of the lines (from 1) on which a control is turned off without a reason. */
export const silentLines = (text: string): number[] =>
  text.split("\n").flatMap((line, n) => (bare.test(line) && !isExempt(line) ? [n + 1] : []));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = globSync("renderer/**/*.tsx", { cwd: root, exclude: ["**/*.test.tsx"] });
  const problems = files.flatMap((file) =>
    silentLines(readFileSync(resolve(root, file), "utf8")).map(
      (line) => `${file}:${line}: a control is off without saying why; use off= or offProps (renderer/ui/off.ts)`,
    ),
  );
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
