/** The model store as fronts see it: what can be had, under which terms, how far it is, and how downloads travel. */
import { z } from "zod";
import { catalogueEntrySchema, modelIdSchema } from "./catalogue.ts";
import { jobSnapshotSchema } from "./jobs.ts";
import { weightFormatSchema } from "./models.ts";

export const catalogueCardSchema = z.object({
  entry: catalogueEntrySchema,
  /** True when a model of the entry's id is installed. */
  isInstalled: z.boolean(),
  /** When its licence was accepted on this computer; null: never, or its terms have changed since. */
  acceptedAt: z.iso.datetime().nullable(),
  /** Bytes of it that have arrived and are not installed yet. */
  arrivedBytes: z.number(),
  /** Bytes that the disk must still have room for: what is left to fetch, and the model that it becomes. */
  roomBytes: z.number(),
  /** False: the disk has not that much room. */
  hasRoom: z.boolean(),
});
export type CatalogueCard = z.infer<typeof catalogueCardSchema>;

export const modelStoreSchema = z.object({
  cards: z.array(catalogueCardSchema),
  /** For display only ("Plume Studio/models"). */
  folderName: z.string(),
  /** Of the disk that models lie on; null where it does not say. */
  freeBytes: z.number().nullable(),
});
export type ModelStore = z.infer<typeof modelStoreSchema>;

export const modelSettingsSchema = z.strictObject({
  /** Address that takes the hub's place; empty: the hub itself. */
  mirror: z
    .string()
    .trim()
    .max(500)
    .refine((text) => text === "" || URL.canParse(text), "A mirror's address looks like https://mirror.example.org."),
  /** Address of a proxy, given with its name and password if it wants them, told without; empty: what this computer says (HTTPS_PROXY), if anything. */
  proxy: z
    .string()
    .trim()
    .max(500)
    .refine(
      (text) => text === "" || (URL.canParse(text) && /^https?:/.test(text)),
      "A proxy's address looks like http://proxy.example.org:8080.",
    ),
  /** For one file at a time. */
  connections: z.number().int().min(1).max(8),
  /** Keep the published files beside the installed model, to install it again without the network. */
  keepsCheckpoints: z.boolean(),
});
export type ModelSettings = z.infer<typeof modelSettingsSchema>;

export const modelSettingsStateSchema = z.object({
  ...modelSettingsSchema.shape,
  token: z.object({
    /** `session`: until the studio is closed. `environment`: HF_TOKEN. The token itself never leaves the studio. */
    kept: z.enum(["none", "session", "keychain", "environment"]),
    /** Whether this front has the system's keychain to keep it in. */
    canKeep: z.boolean(),
  }),
  /** Where the proxy's name and password are; they never leave the studio. */
  proxyLogin: z.enum(["none", "session", "keychain"]),
});
export type ModelSettingsState = z.infer<typeof modelSettingsStateSchema>;

const nothing = z.strictObject({});
const entry = z.strictObject({ id: modelIdSchema });
/** What its weights are to be kept in; absent: as published. */
const weights = weightFormatSchema.optional();

export const modelStoreMethods = {
  "models.catalogue": { input: nothing, output: modelStoreSchema },
  /** The user has seen these terms (by their version) and accepts them; recorded with date. Errors: NOT_FOUND, BAD_REQUEST (others by now). */
  "models.accept": {
    input: z.strictObject({ id: modelIdSchema, version: z.number().int() }),
    output: z.object({ acceptedAt: z.iso.datetime() }),
  },
  /**
   * Queues the download of a catalogue entry, and its conversion after that. Errors: NOT_FOUND, LICENCE_NOT_ACCEPTED, BAD_REQUEST
   * (installed, or on its way already), FORBIDDEN (only by hand), DISK_FULL.
   */
  "models.download": { input: entry.extend({ weights }), output: z.array(jobSnapshotSchema) },
  /**
   * Queues the installation of checkpoints that were handed over under this word. Errors: NOT_FOUND; what is wrong with them, the job says.
   */
  "models.installDropped": {
    input: z.strictObject({ drop: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "That is not a valid id."), weights }),
    output: jobSnapshotSchema,
  },
  /** Bytes that the weights of an installed model take, or would take, in each format. Errors: MODEL_NOT_FOUND, MODEL_DAMAGED. */
  "models.formats": { input: entry, output: z.record(weightFormatSchema, z.number()) },
  /**
   * Queues the making of an installed model once more in smaller weights, which are measured against it. Errors: MODEL_NOT_FOUND,
   * BAD_REQUEST (it is in smaller weights itself, or there is one already).
   */
  "models.repack": {
    input: z.strictObject({ id: modelIdSchema, weights: weightFormatSchema }),
    output: jobSnapshotSchema,
  },
  /** Opens the makers' page or the licence's text in the user's own browser. */
  "models.open": {
    input: z.strictObject({ id: modelIdSchema, what: z.enum(["page", "licence"]) }),
    output: nothing,
  },
  /** Throws away what has arrived of it; one that is under way is stopped. */
  "models.discard": { input: entry, output: nothing },
  /** Reads every byte. Errors: MODEL_NOT_FOUND, MODEL_DAMAGED. */
  "models.verify": { input: entry, output: z.object({ dropped: z.array(z.string()) }) },
  "models.remove": { input: entry, output: nothing },
  "models.settings": { input: nothing, output: modelSettingsStateSchema },
  "models.configure": { input: modelSettingsSchema.partial(), output: modelSettingsStateSchema },
  /** The proxy is asked without name and password from now on. */
  "models.forgetProxyLogin": { input: nothing, output: modelSettingsStateSchema },
  /** An access token for files that the hub gives only to those whom it knows; null: forget it. */
  "models.token": {
    input: z.strictObject({ token: z.string().trim().min(1).max(500).nullable() }),
    output: modelSettingsStateSchema,
  },
} as const;
