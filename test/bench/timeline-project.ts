/** Projects with real media for benchmarks of the window: films and sounds made by ffmpeg, imported into the studio and prepared by it. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import type { MediaStatus, ProjectState } from "../../core/contract/index.ts";
import type { Timeline } from "../../core/timeline/index.ts";
import { writeProjectFile } from "../../main/studio/projects/format.ts";
import { placeOf } from "../../main/studio/projects/place.ts";
import { askStudio } from "../e2e/harness.ts";

/** Makes a media file. @param args inputs, filters and codecs for ffmpeg */
export async function encodeMedia(file: string, args: readonly string[]): Promise<string> {
  await promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", "-y", ...args, file]);
  return file;
}

/** Moving pictures with a tune of their own, a key frame each second as cameras make them. */
export function filmArgs(picture: string, size: string, seconds: number, tone: number): readonly string[] {
  const left = `0.6*sin(2*PI*${tone}*t)*(0.3+0.7*abs(sin(PI*t/3)))`;
  const input = `-f lavfi -i ${picture}=s=${size}:r=24 -f lavfi -i aevalsrc=${left}|0.5*random(0)*exp(-6*mod(t\\,0.5))`;
  const codecs = "-c:v libx264 -preset veryfast -g 24 -pix_fmt yuv420p -c:a aac -b:a 128k";
  return `${input} -t ${seconds} ${codecs}`.split(" ");
}

/** Everything is made that the studio makes of a file. Throws where it cannot. */
const isReady = ({ work, problem, poster, strip, peaks }: MediaStatus) => {
  if (problem !== null) throw new Error(problem);
  return work === null && (peaks || (poster && strip !== null));
};

/** Imports files as the window does, and resolves with their ids when the studio has made everything of them that it makes. */
export async function importPrepared(page: Page, files: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const file of files) {
    const base64 = (await readFile(file)).toString("base64");
    const id = await page.evaluate(
      async ([name, data]) => {
        const body = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        const headers = { "Content-Type": "application/octet-stream" };
        const answer = await fetch(`/upload?name=${name}`, { method: "POST", headers, body });
        return ((await answer.json()) as { value: { id: string } }).value.id;
      },
      [basename(file), base64] as const,
    );
    ids.push(id);
  }
  for (;;) {
    const statuses = await askStudio<MediaStatus[]>(page, "media.status", { ids });
    if (statuses.length === ids.length && statuses.every(isReady)) return ids;
    await new Promise((done) => setTimeout(done, 200));
  }
}

/** Makes a project that has these media. */
export async function projectWith(
  page: Page,
  media: readonly string[],
  input: { readonly name: string; readonly settings?: object },
): Promise<ProjectState> {
  const { id } = await askStudio<ProjectState>(page, "projects.create", input);
  await askStudio(page, "projects.useMedia", { id, media });
  return askStudio<ProjectState>(page, "projects.open", { id });
}

/** Puts a document in a closed project's place: thousands of edits would take minutes. @param output the studio's folder for clips */
export async function replaceProject(output: string, document: Timeline, revision: number): Promise<void> {
  const { file } = placeOf(join(output, "Projects", document.name));
  await readFile(file);
  await writeFile(file, writeProjectFile(document, revision, new Date().toISOString()));
}
