import { readFile, rm } from "node:fs/promises";
import { replaceFile } from "../files.ts";
import type { Vault } from "../studio.ts";

/** Where a secret is. `session`: until the studio is closed. */
export type SecretPlace = "none" | "session" | "keychain";

/** Something that must never lie on the disk as it is: kept in the system's keychain where this shell has one, else until the studio is closed. */
export class Secret {
  private readonly file: string;
  private readonly vault: Vault | null;
  private session: string | null = null;

  /** @param file for what only the keychain can read again */
  constructor(file: string, vault: Vault | null) {
    this.file = file;
    this.vault = vault;
  }

  get canKeep(): boolean {
    return this.vault !== null;
  }

  async get(): Promise<string | null> {
    if (this.session !== null) return this.session;
    const kept = this.vault === null ? null : await readFile(this.file).catch(() => null);
    if (kept === null) return null;
    try {
      return this.vault!.decrypt(kept);
    } catch {
      return null; // of another user or system: it must be entered again
    }
  }

  /** Null: forget it. */
  async set(value: string | null): Promise<void> {
    this.session = null;
    await rm(this.file, { force: true });
    if (value === null) return;
    if (this.vault === null) this.session = value;
    else await replaceFile(this.file, this.vault.encrypt(value));
  }

  async place(): Promise<SecretPlace> {
    if (this.session !== null) return "session";
    return (await this.get()) === null ? "none" : "keychain";
  }
}
