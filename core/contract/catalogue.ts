/** The catalogue of official releases: what exists, where, how large, under which terms. Its data lies in assets/catalogue/models.json. */
import { z } from "zod";
import type { WeightFormat } from "./models.ts";

/** As a model's folder is called: also a name of a file on every system. */
export const modelIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "That is not the id of a model: `plume models list` shows them.");

const bytes = z.number().int().positive();
/** Links that people follow, and addresses that files come from. */
const address = z.url({ protocol: /^https$/ });
/** Inside a repository, and thereby inside the folder that it is downloaded to: no step up, no drive, no backslash. */
const repositoryPath = z.string().regex(/^(?!\.)[\w=.@+ -]+(?:\/(?!\.)[\w=.@+ -]+)*$/u);

export const catalogueFileSchema = z.strictObject({
  /** Path in the repository. */
  path: repositoryPath,
  bytes,
  /** False: worked out from the architecture, not read off the release. */
  isExact: z.boolean(),
  /** Hex; null: the makers' page was not at hand to read it. The hub's own checksum is then what a download is compared with. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  /** Who says so: where the hash was read, if not off the makers' own page. */
  sha256From: z.string().optional(),
  /** What it is for, a few words. */
  use: z.string(),
  /** False: the studio has no use for it, and `why` says so. */
  isNeeded: z.boolean(),
  why: z.string().optional(),
  /** Where it comes from, if not from the entry's repository. */
  url: address.optional(),
});
export type CatalogueFile = z.infer<typeof catalogueFileSchema>;

export const licenceSchema = z.strictObject({
  name: z.string().min(1),
  /** Where its text is. */
  url: address,
  /** Of these terms as summed up here: raised when they change, so that they are shown again. */
  version: z.number().int().positive(),
  /** What it is about in one or two sentences. */
  summary: z.string().min(1),
  may: z.array(z.string()),
  mayNot: z.array(z.string()),
  isCommercialUseAllowed: z.boolean(),
  isRedistributionAllowed: z.boolean(),
});
export type Licence = z.infer<typeof licenceSchema>;

export const catalogueEntrySchema = z.strictObject({
  id: modelIdSchema,
  name: z.string().min(1),
  maker: z.string().min(1),
  family: z.enum(["hummingbird", "keyvid", "patnet"]),
  variant: z.string(),
  work: z.enum(["text-to-video", "animate", "vision"]),
  /** What it does, plain sentences. */
  about: z.string().min(1),
  /** The makers' page for people. */
  page: address,
  source: z.discriminatedUnion("kind", [
    /** A repository of the hub. `revision`: branch, tag or commit. */
    z.strictObject({
      kind: z.literal("hub"),
      repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
      revision: z.string().regex(/^[\w.-]+$/),
    }),
    /** Only by hand: `how` says what to do and why. */
    z.strictObject({ kind: z.literal("page"), how: z.string().min(1) }),
    /** Its makers have published nothing yet. */
    z.strictObject({ kind: z.literal("unpublished"), how: z.string().min(1) }),
  ]),
  files: z.array(catalogueFileSchema),
  licence: licenceSchema,
  needs: z.strictObject({
    /** Of the pack that the files become. */
    installedBytes: bytes,
    /** Of the pack in smaller weights, about: what the architecture's layers take in each format. Absent: nobody has counted. */
    smaller: z.strictObject({ fp16: bytes, int8: bytes, "4bit": bytes }).optional(),
    /** Memory at the model's own size, about; null: nobody has measured it. `basis` says where the number is from. */
    memoryBytes: bytes.nullable(),
    basis: z.string(),
  }),
});
export type CatalogueEntry = z.infer<typeof catalogueEntrySchema>;

export const catalogueSchema = z.strictObject({
  schema: z.literal("plume.catalogue/1"),
  entries: z.array(catalogueEntrySchema),
});
export type Catalogue = z.infer<typeof catalogueSchema>;

/** Bytes of an entry once it is installed in these weights; null: nobody has counted. */
export const installedBytes = ({ needs }: Pick<CatalogueEntry, "needs">, weights: WeightFormat): number | null =>
  weights === "fp32" ? needs.installedBytes : (needs.smaller?.[weights] ?? null);

/** The files that installing takes. */
export const neededFiles = ({ files }: Pick<CatalogueEntry, "files">): CatalogueFile[] =>
  files.filter(({ isNeeded }) => isNeeded);

/** Bytes to fetch if nothing is there yet. */
export const downloadBytes = (entry: Pick<CatalogueEntry, "files">): number =>
  neededFiles(entry).reduce((sum, file) => sum + file.bytes, 0);
