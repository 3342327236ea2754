/** How downloads travel, kept in the data folder; the access token and a proxy's password, kept in the system's keychain. */
import { readFile } from "node:fs/promises";
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
import { Secret } from "./secret.ts";

const initial: ModelSettings = { mirror: "", proxy: "", connections: 4, keepsCheckpoints: false };

export class StoreSettings {
  private readonly file: string;
  private readonly accessToken: Secret;
  /** Name and password of the proxy that is set, as they stand in an address. */
  private readonly proxyLogin: Secret;
  private readonly env: NodeJS.ProcessEnv;

  /** @param home the data folder @param vault the system's keychain, where this shell has one */
  constructor(home: string, vault: Vault | null, env: NodeJS.ProcessEnv = process.env) {
    this.file = join(home, "model-store.json");
    this.accessToken = new Secret(join(home, "hub-token"), vault);
    this.proxyLogin = new Secret(join(home, "proxy-login"), vault);
    this.env = env;
  }

  /** Without the proxy's password. What is damaged or of another version counts as not set. */
  async read(): Promise<ModelSettings> {
    const text = await readFile(this.file, "utf8").catch(() => "{}");
    const values = parse(text);
    const kept = Object.entries(modelSettingsSchema.shape).flatMap(([name, schema]) => {
      const value = schema.safeParse(values[name]);
      return value.success ? [[name, value.data] as const] : [];
    });
    const settings: ModelSettings = { ...initial, ...Object.fromEntries(kept) };
    const { address, login } = splitLogin(settings.proxy);
    if (login === null) return settings;
    // Earlier versions wrote it down as it was typed.
    await this.proxyLogin.set(login);
    await this.write({ ...settings, proxy: address });
    return { ...settings, proxy: address };
  }

  async state(): Promise<ModelSettingsState> {
    const settings = await this.read();
    return {
      ...settings,
      token: { kept: await this.kept(), canKeep: this.accessToken.canKeep },
      proxyLogin: settings.proxy === "" ? "none" : await this.proxyLogin.place(),
    };
  }

  /**
   * A proxy's name and password (http://name:password@proxy:8080) are kept apart from its address; the same address without them leaves
   * them as they are, another one forgets them. Errors: FORBIDDEN for a mirror without HTTPS.
   */
  async change(change: Partial<ModelSettings>): Promise<void> {
    if (change.mirror && !isSafeAddress(change.mirror))
      throw new StudioError("FORBIDDEN", "A mirror must be reached over HTTPS: its address begins with https://.");
    const before = await this.read();
    const next = { ...before, ...change };
    const { address, login } = splitLogin(next.proxy);
    if (login !== null || address !== before.proxy) await this.proxyLogin.set(login);
    await this.write({ ...next, proxy: address });
  }

  /** The proxy with its name and password; null: what this computer says. */
  async proxy(): Promise<string | null> {
    const { proxy } = await this.read();
    if (proxy === "") return null;
    const login = await this.proxyLogin.get();
    return login === null ? proxy : proxy.replace("://", () => `://${login}@`);
  }

  async forgetProxyLogin(): Promise<void> {
    await this.read(); // it may still lie where earlier versions put it
    await this.proxyLogin.set(null);
  }

  private async write(settings: ModelSettings): Promise<void> {
    await replaceFile(this.file, `${JSON.stringify(settings, null, 2)}\n`);
  }

  /** The hub's address or that of what takes its place. */
  async base(): Promise<string> {
    const { mirror } = await this.read();
    return mirror || this.env["HF_ENDPOINT"] || HUB;
  }

  async token(): Promise<string | null> {
    return (await this.accessToken.get()) ?? (this.env["HF_TOKEN"] || this.env["HUGGING_FACE_HUB_TOKEN"] || null);
  }

  setToken(token: string | null): Promise<void> {
    return this.accessToken.set(token);
  }

  private async kept(): Promise<ModelSettingsState["token"]["kept"]> {
    const place = await this.accessToken.place();
    return place === "none" && (await this.token()) !== null ? "environment" : place;
  }
}

/** A proxy's address, and what stands before its host, or null. */
function splitLogin(proxy: string): { readonly address: string; readonly login: string | null } {
  const [, scheme, login, rest] = /^(https?:\/\/)([^/?#]*)@(.*)$/iu.exec(proxy) ?? [];
  return scheme === undefined ? { address: proxy, login: null } : { address: `${scheme}${rest}`, login: login || null };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
