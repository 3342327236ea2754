import { describe, expect, it } from "vitest";
import { keychain } from "./keychain.ts";

const storage = (isAvailable: boolean, backend: "basic_text" | "gnome_libsecret") => ({
  isEncryptionAvailable: () => isAvailable,
  getSelectedStorageBackend: () => backend,
  encryptString: (text: string) => Buffer.from([...Buffer.from(text)].reverse()),
  decryptString: (bytes: Buffer) => Buffer.from([...bytes].reverse()).toString(),
});

describe("keychain", () => {
  it.each([
    [true, "gnome_libsecret", "linux", true],
    [true, "basic_text", "linux", false],
    [true, "basic_text", "darwin", true],
    [false, "gnome_libsecret", "linux", false],
  ] as const)("available %s, %s on %s: %s", (isAvailable, backend, platform, expected) => {
    const { vault } = keychain(storage(isAvailable, backend), platform);
    expect(vault !== undefined).toBe(expected);
    if (vault) expect(vault.decrypt(vault.encrypt("token"))).toBe("token");
  });
});
