import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";

/**
 * Reads "+ PID" and "- PID", one a line, and ends what is left when its input ends, which it does whenever the process at the other end
 * does: a process that is killed cannot end anything itself. A shell, because every system of this kind has one and it is small.
 */
const KEEPER = `held=" "
while read -r sign pid; do
  case $sign in
    +) held="$held$pid " ;;
    -) held="\${held%% $pid *} \${held#* $pid }" ;;
  esac
done
for pid in $held; do kill -KILL "$pid" 2>/dev/null; done`;

const held = new Set<number>();
let keeper: ChildProcess | null = null;

/**
 * Ends a child together with this process, however this one ends. Children that read from us or write to us notice by themselves; an
 * ffmpeg that reads and writes files would work on for as long as a film is long. (On Windows a child ends with its parent.)
 */
export function onLeash(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined || process.platform === "win32") return;
  held.add(pid);
  if (keeper === null) startKeeper();
  else tell(`+ ${pid}`);
  child.once("exit", () => {
    held.delete(pid);
    tell(`- ${pid}`);
  });
}

const tell = (line: string): void => void keeper?.stdin?.write(`${line}\n`);

function startKeeper(): void {
  // A group of its own: Ctrl-C in a terminal reaches all of ours.
  const started = spawn("/bin/sh", ["-c", KEEPER], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  keeper = started;
  const lost = (): void => {
    if (keeper === started) keeper = null;
  };
  // Without a shell films are still made; the next child tries again.
  started.once("error", lost);
  started.once("exit", lost);
  started.stdin.on("error", lost);
  // It must not keep us from ending.
  started.unref();
  (started.stdin as Socket).unref();
  for (const pid of held) tell(`+ ${pid}`);
}
