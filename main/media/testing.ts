import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A fresh folder that removes itself: `await using folder = await temporaryFolder()`. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "plume-test-"));
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await chmod(path, 0o755).catch(() => {});
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Writes an executable shell script that answers `-version` like ffmpeg and otherwise runs `body`; a file `no-x264` beside it takes its encoder away. */
export async function fakeTool(folder: string, name: string, body: string): Promise<string> {
  const path = join(folder, name);
  const script = `#!/bin/sh\nif [ "$1" = "-version" ]; then echo "${name} version 9.9-fake Copyright"; exit 0; fi\n[ "$2" = "-h" ] && [ ! -e "${folder}/no-x264" ] && echo "Encoder libx264 [H.264]:" && exit 0\n${body}\n`;
  await writeFile(path, script, { mode: 0o755 });
  return path;
}

/** RGB8 picture of one colour. */
export function solid(width: number, height: number, colour: readonly [number, number, number]): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < rgb.length; i += 1) rgb[i] = colour[i % 3]!;
  return rgb;
}
