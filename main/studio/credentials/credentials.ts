import { closeSync, fstatSync, openSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname } from "node:path";
import { z } from "zod";
import { StudioError } from "../../../core/contract/index.ts";
import type { CredentialsDefinition } from "../../../core/export/index.ts";
import { ftypOf, signLike, twinOf } from "./bmff.ts";
import { signClaim } from "./cose.ts";
import { bytesBlob, fileBlob } from "./file-blob.ts";
import type { SigningIdentity } from "./identity.ts";

type WasmBuilder = import("@contentauth/c2pa-wasm").WasmBuilder;
type Library = typeof import("@contentauth/c2pa-wasm");

/** What the C2PA library can put Content Credentials into, of the containers that the export writes. */
const FORMATS: Readonly<Record<string, string>> = {
  mp4: "video/mp4",
  mov: "video/quicktime",
  gif: "image/gif",
  webp: "image/webp",
  wav: "audio/wav",
  flac: "audio/flac",
  mp3: "audio/mpeg",
  png: "image/png",
  jpeg: "image/jpeg",
};
/** The export's name for a file's kind, by its extension; null for kinds that hold no credentials. */
export function containerOf(file: string): string | null {
  const extension = extname(file).slice(1).toLowerCase();
  const container = { jpg: "jpeg", m4v: "mp4" }[extension] ?? extension;
  return canHoldCredentials(container) ? container : null;
}
/**
 * These the library signs through a small twin (`signLike`): a film of any length. Reading one back takes 256 MB at most, which its reader
 * hashes at a time. There is no way into WebM and MKV: C2PA has no place in them, and its library does not write them.
 */
const BY_TWIN = new Set(["mp4", "mov"]);
/** Of the others it writes the signed file in WebAssembly's memory, of which it takes several times the file. */
const MAX_IN_MEMORY = 256 * 2 ** 20;
/** Bytes of a file that can be signed, at most. */
export const maxSignedBytes = (container: string): number =>
  BY_TWIN.has(container) ? Number.POSITIVE_INFINITY : MAX_IN_MEMORY;
/** Room for the signature and its certificates. */
const RESERVED = 16_384;

let loading: Promise<Library> | null = null;

/** The official library, the first time it is needed. Errors: NOT_FOUND where this installation lacks it. */
function library(): Promise<Library> {
  loading ??= (async () => {
    try {
      const found = await import("@contentauth/c2pa-wasm");
      const file = createRequire(import.meta.url).resolve("@contentauth/c2pa-wasm/c2pa.wasm");
      await found.default({ module_or_path: await readFile(file) });
      return found;
    } catch (cause) {
      throw new StudioError("NOT_FOUND", "This installation lacks the C2PA library.", String(cause));
    }
  })();
  return loading;
}

export const canHoldCredentials = (container: string): boolean => Object.hasOwn(FORMATS, container);

/**
 * Writes a signed copy of a finished file, reads it back with the official reader, and resolves when that found it valid.
 * Errors: NOT_FOUND (no library), INTERNAL (the library refused, or its own reader did not find what it had written to be valid).
 */
export async function signFile(
  file: string,
  container: string,
  definition: CredentialsDefinition,
  identity: SigningIdentity,
  signed: string,
): Promise<void> {
  const { WasmBuilder } = await library();
  const builder = WasmBuilder.fromJson(JSON.stringify(definition));
  try {
    if (BY_TWIN.has(container)) await signByTwin(builder, file, container, identity, signed);
    else {
      const { asset } = await signBlob(builder, identity, container, (use) => withBlob(file, use));
      await writeFile(signed, asset);
    }
  } catch (cause) {
    if (cause instanceof StudioError) throw cause;
    throw new StudioError("INTERNAL", "The C2PA library could not sign this file.", String(cause));
  } finally {
    builder.free();
  }
  const found = await readCredentials(signed, container);
  if (found === null || found.problems.length > 0)
    throw new StudioError("INTERNAL", "The signed file did not read back as valid.", JSON.stringify(found));
}

/** Lets the library sign. Resolves with the signed file, and what of it was signed and the signature. */
async function signBlob(
  builder: WasmBuilder,
  identity: SigningIdentity,
  container: string,
  withSource: <T>(use: (blob: Blob) => Promise<T>) => Promise<T>,
): Promise<{ readonly asset: Uint8Array; readonly claim: Uint8Array; readonly signature: Uint8Array }> {
  let [claim, signature] = [new Uint8Array(0), new Uint8Array(0)];
  const signer = {
    alg: identity.algorithm,
    reserveSize: RESERVED,
    sign: async (bytes: Uint8Array) => {
      claim = bytes.slice();
      signature = signClaim(bytes, identity, RESERVED);
      return signature;
    },
  };
  const asset = await withSource((blob) => builder.sign(signer, [], FORMATS[container]!, blob));
  return { asset, claim, signature };
}

async function signByTwin(
  builder: WasmBuilder,
  file: string,
  container: string,
  identity: SigningIdentity,
  signed: string,
): Promise<void> {
  const ftyp = await ftypOf(file);
  const { asset, ...made } = await signBlob(builder, identity, container, (use) => use(bytesBlob(twinOf(ftyp))));
  const twin = Buffer.from(asset);
  const bytes = twin.subarray(ftyp.length, ftyp.length + twin.readUInt32BE(ftyp.length));
  await signLike(file, twin, { bytes, ...made }, (claim) => signClaim(claim, identity, RESERVED), signed);
}

/** What a file's Content Credentials say. */
export interface Credentials {
  /** Whoever signed, as the certificate has it. */
  readonly signer: string | null;
  /** On a list of signers that the reader was given; nobody's self-made certificate is. */
  readonly isTrusted: boolean;
  /** What does not hold: the file was changed after it was signed, the signature is wrong. */
  readonly problems: readonly string[];
  /** The active manifest, as the official reader gives it. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

const storeSchema = z.looseObject({
  active_manifest: z.string(),
  manifests: z.record(z.string(), z.looseObject({ signature_info: z.looseObject({}).optional() })),
  validation_status: z.array(z.looseObject({ code: z.string(), explanation: z.string().optional() })).optional(),
});
const UNTRUSTED = "signingCredential.untrusted";

/**
 * Reads and checks a file's Content Credentials with the official reader; null where it has none. Errors: NOT_FOUND (no library).
 * @param anchors PEM certificates whose signatures are trusted
 */
export async function readCredentials(file: string, container: string, anchors?: string): Promise<Credentials | null> {
  const format = FORMATS[container];
  if (format === undefined || (await stat(file)).size === 0) return null;
  const { WasmReader } = await library();
  const settings = anchors === undefined ? undefined : JSON.stringify({ trust: { user_anchors: anchors } });
  const json = await withBlob(file, async (blob) => {
    const reader = await WasmReader.fromBlob(format, blob, settings).catch((cause: unknown) => {
      // Nothing in it, or another file than its name says; what is there and cannot be read does not hold.
      if (/JumbfNotFound|ProvenanceMissing|InvalidAsset/.test(String(cause))) return null;
      throw new StudioError("MEDIA_UNREADABLE", "The Content Credentials of this file are damaged.", String(cause));
    });
    if (reader === null) return null;
    try {
      return reader.json();
    } finally {
      reader.free();
    }
  });
  if (json === null) return null;
  const store = storeSchema.parse(JSON.parse(json));
  const manifest = store.manifests[store.active_manifest]!;
  const status = store.validation_status ?? [];
  const info = manifest.signature_info;
  return {
    signer: [info?.["common_name"], info?.["issuer"]].filter((each) => typeof each === "string").join(", ") || null,
    isTrusted: !status.some(({ code }) => code === UNTRUSTED),
    problems: status.flatMap(({ code, explanation }) => (code === UNTRUSTED ? [] : [explanation ?? code])),
    manifest,
  };
}

async function withBlob<T>(file: string, work: (blob: Blob) => Promise<T>): Promise<T> {
  const fd = openSync(file, "r");
  try {
    return await work(fileBlob(fd, fstatSync(fd).size));
  } finally {
    closeSync(fd);
  }
}
