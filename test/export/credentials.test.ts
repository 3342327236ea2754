/** Content Credentials: what the studio signs, the official reader finds valid, and whatever is changed afterwards it finds. */
import "reflect-metadata"; // @peculiar/x509 cannot be loaded without it
import { execFile } from "node:child_process";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { mkdir, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { homedir, hostname, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { credentialsOf, type ExportSettings, findPreset, RECORDS_ASSERTION } from "../../core/export/index.ts";
import { clip as sampleClip } from "../../core/testing/samples.ts";
import type { MediaReference } from "../../core/timeline/index.ts";
import { locateFfmpeg, type MediaTools } from "../../main/media/index.ts";
import { readCredentials, signFile } from "../../main/studio/credentials/credentials.ts";
import { signingIdentity } from "../../main/studio/credentials/identity.ts";
import { recordsOfFile } from "../../main/studio/export/export-service.ts";
import { removeFolder, temporaryFolder } from "../e2e/harness.ts";
import { exportFilm } from "./export-film.ts";
import { Film, makeMedia } from "./films.ts";

const { record } = sampleClip("made", { prompt: "a walk in the fog", seed: 42 });

/** More bytes than the library can write at a time. */
const LARGE = 257 * 2 ** 20;

let root = "";
let folder = "";
let media: MediaReference[] = [];
let tools: MediaTools;

beforeAll(async () => {
  root = await temporaryFolder();
  tools = await locateFfmpeg();
  const [film, other] = await makeMedia(root, ["film.mp4", "other.mp4"]);
  media = [{ ...film!, record }, other!];
});
afterAll(() => removeFolder(root));
beforeEach(async () => {
  folder = join(root, `try-${performance.now()}`);
  await mkdir(folder);
});

const identity = () => join(folder, "credentials", "signer.pem");
const one = () => new Film(media).put("V1", "film.mp4", { count: 72 });
const mixed = () => new Film(media).put("V1", "film.mp4", { count: 6 }).put("V1", "other.mp4", { at: 6, count: 6 });

function settings(preset: string, more: Partial<ExportSettings> = {}): ExportSettings {
  const { settings: value } = findPreset(preset)!;
  const video = value.video && { ...value.video, width: 64, height: 36, encoder: "software" as const };
  return { ...value, smart: false, audio: video === null ? value.audio : null, video, ...more };
}

async function exported(film: Film, value: ExportSettings, name: string) {
  const file = join(folder, name);
  const { notes } = await exportFilm(tools, film.document, value, root, file, {}, [], identity());
  return { file, notes };
}

interface Manifest {
  readonly claim_generator_info: readonly { readonly name: string }[];
  readonly ingredients: readonly { readonly title: string; readonly relationship: string }[];
  readonly assertions: readonly { readonly label: string; readonly data: Readonly<Record<string, unknown>> }[];
}
async function said(file: string, container: string) {
  const found = await readCredentials(file, container);
  const { claim_generator_info, ingredients, assertions } = found!.manifest as unknown as Manifest;
  const data = (label: string): Readonly<Record<string, unknown>> =>
    assertions.find((each) => each.label === label)!.data;
  const actions = data("c2pa.actions.v2")["actions"] as readonly Record<string, unknown>[];
  return {
    found: found!,
    generator: claim_generator_info[0]!.name,
    ingredients,
    actions,
    records: data(RECORDS_ASSERTION),
  };
}

it("one generated clip: signed as made by a model, valid to the official reader, and still the film that it was", async () => {
  const { file, notes } = await exported(one(), settings("h264"), "made.mp4");
  expect(notes.filter((note) => /sign/i.test(note))).toEqual([]);
  const { found, generator, ingredients, actions, records } = await said(file, "mp4");
  expect(found).toMatchObject({ problems: [], isTrusted: false });
  expect(found.signer).toMatch(/Plume Studio local signer/);
  expect(generator).toBe("Plume Studio test");
  expect(ingredients).toMatchObject([{ title: "Generated clip 1", relationship: "componentOf" }]);
  expect(actions.map(({ action }) => action)).toEqual(["c2pa.created", "c2pa.placed"]);
  expect(actions[0]).toMatchObject({
    digitalSourceType: "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    softwareAgent: { name: record.model.name },
  });
  expect(records).toEqual({ records: [record] });
  expect(await recordsOfFile(file)).toEqual([record]);
  const { stderr } = await promisify(execFile)("ffmpeg", ["-nostdin", "-v", "warning", "-i", file, "-f", "null", "-"]);
  expect(stderr).toBe("");
  // Whoever trusts this studio's root sees it as trusted.
  const pem = await readFile(identity(), "utf8");
  const anchor = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g)![1]!;
  expect(await readCredentials(file, "mp4", anchor)).toMatchObject({ isTrusted: true, problems: [] });
});

it("cut with other media it is a composite that was edited; without prompts none is told, and nobody's name ever", async () => {
  const { file } = await exported(mixed(), settings("h264", { record: "without-prompts" }), "mixed.mp4");
  const { found, actions } = await said(file, "mp4");
  expect(found.problems).toEqual([]);
  expect(actions.map(({ action }) => action)).toEqual(["c2pa.created", "c2pa.placed", "c2pa.edited"]);
  expect(actions[0]!["digitalSourceType"]).toMatch(/compositeWithTrainedAlgorithmicMedia$/);
  const bytes = (await readFile(file)).toString("latin1").toLowerCase();
  for (const name of [root, homedir(), "in the fog"]) expect(bytes).not.toContain(name.toLowerCase());
  // Short names may stand in a film by chance.
  for (const name of [userInfo().username, hostname()])
    if (name.length > 5) expect(bytes).not.toContain(name.toLowerCase());
});

it("one changed byte of the picture, or of what is told, is found", async () => {
  const { file } = await exported(one(), settings("h264"), "made.mp4");
  const whole = await readFile(file);
  const altered = async (at: number) => {
    const bytes = Buffer.from(whole);
    bytes[at]! ^= 1;
    await writeFile(join(folder, "altered.mp4"), bytes);
    const found = await readCredentials(join(folder, "altered.mp4"), "mp4");
    return found!.problems.length;
  };
  expect(await altered(whole.indexOf("mdat") + 200)).toBeGreaterThan(0);
  expect(await altered(whole.indexOf("a walk in the fog"))).toBeGreaterThan(0);
  expect((await readCredentials(file, "mp4"))!.problems).toEqual([]);
});

it.each([
  ["gif", "gif", "made.gif"],
  ["webp", "webp", "made.webp"],
  ["prores-422-hq", "mov", "made.mov"],
  ["wav", "wav", "made.wav"],
  ["flac", "flac", "made.flac"],
  ["mp3", "mp3", "made.mp3"],
])("%s is signed too", async (preset, container, name) => {
  const { file, notes } = await exported(one(), settings(preset), name);
  expect((await said(file, container)).found.problems).toEqual([]);
  expect(notes.filter((note) => /sign|no place/i.test(note))).toEqual([]);
  expect(await recordsOfFile(file)).toEqual([record]);
});

/** Hashes of what a film's pictures are decoded to. */
const pictures = async (file: string): Promise<string> =>
  (await promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", "-i", file, "-f", "framemd5", "-"])).stdout;

it("a film larger than the library's memory is signed, its pictures the same, and a byte far behind counts", async () => {
  const { file } = await exported(one(), settings("h264", { credentials: false }), "plain.mp4");
  const { size } = await stat(file);
  // More of the film, of which no track knows: one box as small ones have their length, one as those over 4 GB have it.
  const handle = await open(file, "r+");
  const head = Buffer.alloc(8);
  head.writeUInt32BE(LARGE);
  head.write("mdat", 4, "latin1");
  await handle.write(head, 0, 8, size);
  const wide = Buffer.alloc(16 + 100, 7);
  wide.writeUInt32BE(1);
  wide.write("mdat", 4, "latin1");
  wide.writeBigUInt64BE(BigInt(wide.length), 8);
  await handle.write(wide, 0, wide.length, size + LARGE);
  await handle.close();
  const definition = credentialsOf([record], { whole: true, isEdited: false, tool: "Plume Studio test" });
  const signed = join(folder, "signed.mp4");
  // It resolves when the library has read it back and found it valid.
  await signFile(file, "mp4", definition, await signingIdentity(identity()), signed);
  expect(await pictures(signed)).toBe(await pictures(file));
  const changed = await open(signed, "r+");
  await changed.write(Buffer.from([1]), 0, 1, (await changed.stat()).size - 50);
  await changed.close();
  expect((await readCredentials(signed, "mp4"))!.problems.length).toBeGreaterThan(0);
}, 240_000);

it("what is no whole MP4 is not signed, and says so", async () => {
  const { file } = await exported(one(), settings("h264", { credentials: false }), "plain.mp4");
  const definition = credentialsOf([record], { whole: true, isEdited: false, tool: "Plume Studio test" });
  const sign = async (name: string, bytes: Buffer): Promise<void> => {
    await writeFile(join(folder, name), bytes);
    await signFile(
      join(folder, name),
      "mp4",
      definition,
      await signingIdentity(identity()),
      join(folder, `signed-${name}`),
    );
  };
  const whole = await readFile(file);
  await sign("whole.mp4", whole);
  const refused = { code: "INTERNAL", message: "The C2PA library could not sign this file." };
  await expect(sign("cut.mp4", whole.subarray(0, whole.length - 1))).rejects.toMatchObject(refused);
  await expect(sign("headless.mp4", whole.subarray(4))).rejects.toMatchObject(refused);
  const pieces = Buffer.concat([whole, Buffer.from("\0\0\0\x08moof", "latin1")]);
  await expect(sign("pieces.mp4", pieces)).rejects.toMatchObject(refused);
});

it("where it cannot be signed one sentence says why, and the film is there all the same", async () => {
  const webm = await exported(one(), settings("webm"), "made.webm");
  expect(webm.notes).toContain("A webm file has no place for signed Content Credentials.");
  await mkdir(join(folder, "credentials"), { recursive: true });
  await writeFile(identity(), "not a key");
  const unsigned = await exported(one(), settings("h264"), "made.mp4");
  expect(unsigned.notes).toContainEqual(
    expect.stringMatching(/^Content Credentials cannot be signed: signer.pem is damaged/),
  );
  expect(await readCredentials(unsigned.file, "mp4")).toBeNull();
  expect(await recordsOfFile(unsigned.file)).toEqual([record]);
  await rm(unsigned.file);
  const off = await exported(one(), settings("h264", { credentials: false }), "made.mp4");
  expect(off.notes.filter((note) => /sign/i.test(note))).toEqual([]);
  expect(await readCredentials(off.file, "mp4")).toBeNull();
});

it("who signs is made once and kept for oneself; a key that is not the certificate's is refused", async () => {
  const first = await signingIdentity(identity());
  expect((await signingIdentity(identity())).certificates).toEqual(first.certificates);
  expect(first.certificates).toHaveLength(1);
  if (process.platform !== "win32") expect((await stat(identity())).mode & 0o077).toBe(0);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const strange = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const pem = await readFile(identity(), "utf8");
  await writeFile(identity(), strange + pem.slice(pem.indexOf("-----BEGIN CERTIFICATE")));
  await expect(signingIdentity(identity())).rejects.toThrow(/holds a key that is not the first certificate’s/);
});

/** A user's own key with a certificate that somebody issued, as a PEM file. @param algorithm of Web Crypto */
async function ownIdentity(algorithm: { readonly name: string } & Record<string, unknown>): Promise<void> {
  const pair = (): Promise<CryptoKeyPair> => crypto.subtle.generateKey(algorithm as never, true, ["sign", "verify"]);
  const [rootKeys, keys] = [await pair(), await pair()];
  const dates = { notBefore: new Date(Date.now() - 86_400_000), notAfter: new Date(Date.now() + 86_400_000) };
  const common = { ...dates, signingAlgorithm: algorithm as never };
  const authority = await X509CertificateGenerator.createSelfSigned({
    ...common,
    name: "CN=Authority, O=Tests",
    keys: rootKeys,
    extensions: [new BasicConstraintsExtension(true, 0, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)],
  });
  const own = await X509CertificateGenerator.create({
    ...common,
    subject: "CN=Somebody, O=Tests",
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: rootKeys.privateKey,
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.4"]),
      await AuthorityKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({ type: "pkcs8", format: "pem" });
  await mkdir(join(folder, "credentials"), { recursive: true });
  await writeFile(identity(), `${key.toString()}${own.toString("pem")}\n${authority.toString("pem")}\n`);
}

it.each([
  { name: "Ed25519" },
  { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  { name: "RSA-PSS", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256", saltLength: 32 },
])("one’s own certificate signs too: $name", async (algorithm) => {
  cryptoProvider.set(crypto);
  await ownIdentity(algorithm);
  const { file, notes } = await exported(one(), settings("wav"), "own.wav");
  expect(notes).toEqual([]);
  expect(await readCredentials(file, "wav")).toMatchObject({
    problems: [],
    signer: expect.stringMatching(/^Somebody/),
  });
});
