import { constants, sign } from "node:crypto";
import { encode } from "cborg";
import type { SigningAlgorithm, SigningIdentity } from "./identity.ts";

/** COSE's numbers of algorithms, and the hash that each signs (RFC 9053; C2PA Specification 2.1, 13.2). */
const ALGORITHMS: Readonly<Record<SigningAlgorithm, readonly [id: number, hash: string | null]>> = {
  es256: [-7, "sha256"],
  es384: [-35, "sha384"],
  es512: [-36, "sha512"],
  ps256: [-37, "sha256"],
  ed25519: [-8, null],
};
const HEADER = { algorithm: 1, certificates: 33 } as const;
/** COSE_Sign1's tag, 18, as one byte of CBOR. */
const TAG = 0xd2;
/** A byte string this long has a head of three bytes, as has every longer one up to 64 KiB. */
const LEAST_PADDING = 256;

/**
 * A claim's signature as C2PA stores it: a COSE_Sign1 with detached payload (RFC 9052), the certificates in its protected header, padded
 * to exactly `size` bytes, since the file's hash was taken with as much room. Errors: RangeError when it does not fit.
 */
export function signClaim(claim: Uint8Array, identity: SigningIdentity, size: number): Uint8Array<ArrayBuffer> {
  const [id, hash] = ALGORITHMS[identity.algorithm];
  const header = encode(
    new Map<number, unknown>([
      [HEADER.algorithm, id],
      [HEADER.certificates, [...identity.certificates]],
    ]),
  );
  const message = encode(["Signature1", header, new Uint8Array(0), claim]);
  const signature = new Uint8Array(
    sign(hash, message, {
      key: identity.key,
      dsaEncoding: "ieee-p1363",
      ...(identity.algorithm === "ps256" ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {}),
    }),
  );
  const packed = (padding: number): Uint8Array =>
    encode([header, new Map([["pad", new Uint8Array(padding)]]), null, signature]);
  const padding = LEAST_PADDING + size - 1 - packed(LEAST_PADDING).length;
  if (padding < LEAST_PADDING) throw new RangeError("The certificates are longer than the room for them.");
  const whole = new Uint8Array(size);
  whole[0] = TAG;
  whole.set(packed(padding), 1);
  return whole;
}
