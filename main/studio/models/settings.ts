/** How downloads travel, and the access token, kept in the data folder and in the system's keychain. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type ModelSettings,
  type ModelSettingsState,
  modelSettingsSchema,
  StudioError,
} from "../../../core/contract/index.ts";
import { replaceFile } from "../files.ts";
import type { Vault } from "../studio.ts";
import { isSafeAddress } from "./download/wire.ts";
import { HUB } from "./hub.ts";

const initial: ModelSettings = { mirror: "", proxy: "", connections: 4, keepsCheckpoints: false };

export class StoreSettings {
  private readonly file: string;
  private readonly tokenFile: string;
  private readonly vault: Vault | null;
  private readonly env: NodeJS.ProcessEnv;
  private session: string | null = null;

  /** @param home the data folder @param vault the system's keychain, where this shell has one */
  constructor(home: string, vault: Vault | null, env: NodeJS.ProcessEnv = process.env) {
    this.file = join(home, "model-store.json");
    this.tokenFile = join(home, "hub-token");
    this.vault = vault;
    this.env = env;
  }

  /** What is damaged or of another version counts as not set. */
  async read(): Promise<ModelSettings> {
    const text = await readFile(this.file, "utf8").catch(() => "{}");
    const values = parse(text);
    const kept = Object.entries(modelSettingsSchema.shape).flatMap(([name, schema]) => {
      const value = schema.safeParse(values[name]);
      return value.success ? [[name, value.data] as const] : [];
    });
    return { ...initial, ...Object.fromEntries(kept) };
  }

  async state(): Promise<ModelSettingsState> {
    return { ...(await this.read()), token: { kept: await this.kept(), canKeep: this.vault !== null } };
  }

  /** Errors: FORBIDDEN for a mirror without HTTPS. */
  async change(change: Partial<ModelSettings>): Promise<void> {
    if (change.mirror && !isSafeAddress(change.mirror))
      throw new StudioError("FORBIDDEN", "A mirror must be reached over HTTPS: its address begins with https://.");
    await replaceFile(this.file, `${JSON.stringify({ ...(await this.read()), ...change }, null, 2)}\n`);
  }

  /** The hub's address or that of what takes its place. */
  async base(): Promise<string> {
    const { mirror } = await this.read();
    return mirror || this.env["HF_ENDPOINT"] || HUB;
  }

  async token(): Promise<string | null> {
    if (this.session !== null) return this.session;
    const kept = this.vault === null ? null : await readFile(this.tokenFile).catch(() => null);
    if (kept !== null) {
      try {
        return this.vault!.decrypt(kept);
      } catch {
        return null; // of another user or system: it must be entered again
      }
    }
    return this.env["HF_TOKEN"] || this.env["HUGGING_FACE_HUB_TOKEN"] || null;
  }

  /** Kept in the keychain where there is one, else until the studio is closed. */
  async setToken(token: string | null): Promise<void> {
    this.session = null;
    await rm(this.tokenFile, { force: true });
    if (token === null) return;
    if (this.vault === null) this.session = token;
    else await replaceFile(this.tokenFile, this.vault.encrypt(token));
  }

  private async kept(): Promise<ModelSettingsState["token"]["kept"]> {
    if (this.session !== null) return "session";
    if ((await this.token()) === null) return "none";
    const isOnDisk = this.vault !== null && (await readFile(this.tokenFile).catch(() => null)) !== null;
    return isOnDisk ? "keychain" : "environment";
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
