import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import type { Finding } from "../studio/studio.ts";

/** What helps to find out what is wrong, as text to paste into a message. Names no folder of the user's. */
export async function diagnosticsText(
  findings: readonly Finding[],
  versions: Readonly<Record<string, string | undefined>>,
  crashFolder: string,
  home = homedir(),
): Promise<string> {
  const dumps = (await readdir(crashFolder, { recursive: true }).catch(() => [] as string[])).filter((name) =>
    name.endsWith(".dmp"),
  );
  const lines = [
    ...Object.entries(versions).flatMap(([name, version]) => (version === undefined ? [] : [`${name} ${version}`])),
    ...findings.map(({ ok, sentence }) => `${ok ? "ok  " : "FAIL"}  ${sentence}`),
    `${dumps.length} crash ${dumps.length === 1 ? "report" : "reports"} on this computer`,
  ];
  return `${lines.join("\n").replaceAll(home, "~")}\n`;
}
