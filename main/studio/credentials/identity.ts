import "reflect-metadata"; // @peculiar/x509 cannot be loaded without it
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { StudioError } from "../../../core/contract/index.ts";
import { FileExistsError } from "../../media/index.ts";
import { prepareFile } from "../files.ts";

/** COSE's names of the ways to sign that C2PA allows (C2PA Specification 2.1, 13.2). */
export type SigningAlgorithm = "es256" | "es384" | "es512" | "ps256" | "ed25519";

/** Who signs: a key, and the certificates that say whose it is, the signer's own first. */
export interface SigningIdentity {
  readonly algorithm: SigningAlgorithm;
  readonly key: KeyObject;
  /** DER; without the root, which whoever trusts it has already. */
  readonly certificates: readonly Uint8Array[];
}

/** It says of itself what it is: made on a computer by nobody in particular. No name of a person or a computer is in it. */
const NAME = "Plume Studio local signer";
const ORGANISATION = "Plume Studio (self-made, on no public trust list)";
const VALID_YEARS = 10;
const DAY_MS = 86_400_000;
/** id-kp-documentSigning (RFC 9336), which C2PA asks for. */
const DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36";
/** id-kp-emailProtection, which C2PA's older trust model asks for. */
const EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4";

/**
 * Reads who signs from a PEM file with a private key and its certificates, the signer's first; the user may put their own there. Makes one
 * where there is none. Errors: BAD_REQUEST where the file is no such thing, OUTPUT_UNWRITABLE, DISK_FULL.
 */
export async function signingIdentity(file: string): Promise<SigningIdentity> {
  const known = await readFile(file, "utf8").catch(() => null);
  if (known !== null) return understood(known, file);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const pending = await prepareFile(dirname(file), await newIdentity(), 0o600);
  try {
    await pending.publish(file, false);
  } catch (cause) {
    // Another studio was quicker: theirs counts.
    if (!(cause instanceof FileExistsError)) throw cause;
  } finally {
    await pending.discard();
  }
  return understood(await readFile(file, "utf8"), file);
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Errors: BAD_REQUEST. */
function understood(text: string, file: string): SigningIdentity {
  const refuse = (why: string): never => {
    throw new StudioError(
      "BAD_REQUEST",
      `Content Credentials cannot be signed: ${basename(file)} ${why}. Put a private key without a password and its certificates there, or remove the file to get a new one.`,
      file,
    );
  };
  let key: KeyObject;
  let certificates: X509Certificate[];
  try {
    key = createPrivateKey(text);
    certificates = (text.match(PEM) ?? []).map((pem) => new X509Certificate(pem));
  } catch {
    return refuse("is damaged, or its key has a password");
  }
  const [own] = certificates;
  if (own === undefined) return refuse("holds no certificate");
  if (!own.checkPrivateKey(key)) return refuse("holds a key that is not the first certificate’s");
  if (Date.parse(own.validTo) < Date.now()) return refuse("holds a certificate that has run out");
  const algorithm = algorithmOf(key);
  if (algorithm === null) return refuse("holds a key of a kind that C2PA does not know");
  const chain = certificates.filter((each, n) => n === 0 || each.subject !== each.issuer);
  return { algorithm, key, certificates: chain.map(({ raw }) => new Uint8Array(raw)) };
}

function algorithmOf(key: KeyObject): SigningAlgorithm | null {
  if (key.asymmetricKeyType === "ed25519") return "ed25519";
  if (key.asymmetricKeyType === "rsa" || key.asymmetricKeyType === "rsa-pss") return "ps256";
  if (key.asymmetricKeyType !== "ec") return null;
  const curve = createPublicKey(key).asymmetricKeyDetails?.namedCurve;
  return ({ prime256v1: "es256", secp384r1: "es384", secp521r1: "es512" } as const)[String(curve)] ?? null;
}

/** Positive, as a serial number has to be: its first bit is clear. */
const serialNumber = (): string => `01${randomBytes(15).toString("hex")}`;

/** A fresh key with a certificate, and the root that issued it, whose own key is forgotten at once: nobody can issue another. */
async function newIdentity(): Promise<string> {
  cryptoProvider.set(crypto);
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const pair = () => crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const [rootKeys, keys] = [await pair(), await pair()];
  const [notBefore, notAfter] = [new Date(Date.now() - DAY_MS), new Date(Date.now() + VALID_YEARS * 365 * DAY_MS)];
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${NAME} root, O="${ORGANISATION}"`,
    notBefore,
    notAfter,
    keys: rootKeys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });
  const own = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${NAME}, O="${ORGANISATION}"`,
    issuer: root.subject,
    notBefore,
    notAfter,
    publicKey: keys.publicKey,
    signingKey: rootKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([DOCUMENT_SIGNING, EMAIL_PROTECTION], false),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({ type: "pkcs8", format: "pem" });
  return `${key.toString()}${own.toString("pem")}\n${root.toString("pem")}\n`;
}
