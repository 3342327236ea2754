import type { SafeStorage } from "electron";
import type { Vault } from "../studio/studio.ts";

/**
 * The system's keychain for the access token, where it has one that deserves the name: on Linux without a keyring Electron would only
 * disguise the text, which is no better than none.
 */
export function keychain(
  storage: Pick<SafeStorage, "isEncryptionAvailable" | "encryptString" | "decryptString" | "getSelectedStorageBackend">,
  platform: NodeJS.Platform,
): { readonly vault: Vault } | Record<string, never> {
  if (!storage.isEncryptionAvailable()) return {};
  if (platform === "linux" && ["basic_text", "unknown"].includes(storage.getSelectedStorageBackend())) return {};
  return {
    vault: {
      encrypt: (text) => storage.encryptString(text),
      decrypt: (bytes) => storage.decryptString(Buffer.from(bytes)),
    },
  };
}
