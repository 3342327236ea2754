/** Test help: a keychain that enciphers, just enough to be told from plain text. */
import type { Vault } from "../../studio.ts";

const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0x5a);

export const vault: Vault = {
  encrypt: (text) => flip(Buffer.from(text)),
  decrypt: (bytes) => Buffer.from(flip(bytes)).toString(),
};
