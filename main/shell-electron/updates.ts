import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";

/** What is used of electron-updater; it checks a release's signature itself before it installs it. */
export interface Updater {
  autoDownload: boolean;
  checkForUpdates(): Promise<{
    readonly isUpdateAvailable: boolean;
    readonly updateInfo: { readonly version: string };
  } | null>;
  downloadUpdate(): Promise<unknown>;
}

export interface UpdateParts {
  /** JSON file with what the user wants. */
  readonly settings: string;
  /** False in a build that was packed without an address for updates. */
  readonly hasAddress: boolean;
  readonly load: () => Promise<Updater>;
}

const settingsSchema = z.object({ lookAtStart: z.boolean() });

/** Updates, only for those who ask: by the menu, or at each start once they have said so. Nothing is fetched otherwise. */
export class Updates {
  private readonly parts: UpdateParts;
  private wanted: boolean;

  constructor(parts: UpdateParts) {
    this.parts = parts;
    this.wanted = readWish(parts.settings);
  }

  get looksAtStart(): boolean {
    return this.wanted;
  }

  set looksAtStart(wanted: boolean) {
    this.wanted = wanted;
    writeFileSync(this.parts.settings, JSON.stringify({ lookAtStart: wanted }));
  }

  /** Never rejects; resolves with a sentence where there is something to tell. */
  async atStart(): Promise<string | null> {
    if (!this.wanted || !this.parts.hasAddress) return null;
    return this.look().catch(() => null);
  }

  /** Looks now; resolves with what came of it in one sentence. Never rejects. */
  async now(): Promise<string> {
    if (!this.parts.hasAddress) return "This copy of Plume Studio has no address to get updates from.";
    return this.look().then(
      (sentence) => sentence ?? "This is the newest Plume Studio.",
      () => "The updates could not be asked for: check the network and try again.",
    );
  }

  private async look(): Promise<string | null> {
    const updater = await this.parts.load();
    updater.autoDownload = false;
    const found = await updater.checkForUpdates();
    if (found === null || !found.isUpdateAvailable) return null;
    await updater.downloadUpdate();
    return `Plume Studio ${found.updateInfo.version} was fetched: it is installed when you close the studio.`;
  }
}

function readWish(file: string): boolean {
  try {
    return settingsSchema.parse(JSON.parse(readFileSync(file, "utf8"))).lookAtStart;
  } catch {
    return false; // not asked for, or not readable: no
  }
}
