/** What a front can ask of the model store. */
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import {
  type CatalogueCard,
  type CatalogueEntry,
  downloadBytes,
  type ImportPurpose,
  type Input,
  type JobSnapshot,
  type Mix,
  type modelStoreMethods,
  type ModelStore,
  type Output,
  StudioError,
  type Style,
  type styleMethods,
  type WeightFormat,
  weightWords,
} from "../../../core/contract/index.ts";
import { packFormats } from "../../inference/index.ts";
import { displayName } from "../folders.ts";
import type { JobService } from "../jobs/job-service.ts";
import { hasEnded } from "../jobs/queue.ts";
import type { StyleWish } from "../studio.ts";
import { entryOf } from "./catalogue.ts";
import { idFromFile } from "./model-files.ts";
import { arrived } from "./fetch-files.ts";
import { demandRoom, freeBytes, roomFor } from "./room.ts";
import {
  droppedJob,
  entryOfJob,
  mixJob,
  repackJob,
  storeJobs,
  type StoreParts,
  type StoreRequest,
} from "./store-runners.ts";

type StoreMethod = keyof typeof modelStoreMethods | keyof typeof styleMethods;
type Handlers = { [M in StoreMethod]: (input: Input<M>) => Promise<Output<M>> };

export class StoreDesk {
  private readonly parts: StoreParts;
  private readonly jobs: JobService;

  private readonly openPage: (address: string) => Promise<void>;

  constructor(parts: StoreParts, jobs: JobService, openPage: (address: string) => Promise<void>) {
    this.parts = parts;
    this.jobs = jobs;
    this.openPage = openPage;
  }

  readonly handlers: Handlers = {
    "models.catalogue": () => this.store(),
    "models.accept": async ({ id, version }) => {
      const { acceptances, catalogue } = this.parts;
      return { acceptedAt: await acceptances.accept(entryOf(catalogue, id), version) };
    },
    "models.download": ({ id, weights }) => this.download(id, weights === undefined ? {} : { weights }),
    "models.installDropped": ({ drop, weights }) => this.installDropped(drop, weights),
    "models.formats": async ({ id }) => packFormats((await this.parts.models.find(id)).folder),
    "models.repack": ({ id, weights }) => this.repack(id, weights),
    "models.open": async ({ id, what }) => {
      const { page, licence } = entryOf(this.parts.catalogue, id);
      await this.openPage(what === "page" ? page : licence.url);
      return {};
    },
    "models.discard": async ({ id }) => {
      await this.discard(id);
      return {};
    },
    "models.verify": async ({ id }) => {
      const { dropped } = await this.parts.models.verify(id);
      return { dropped: [...dropped] };
    },
    "models.remove": async ({ id }) => {
      await this.parts.models.remove(id);
      return {};
    },
    "styles.list": () => this.parts.styles.list(),
    "styles.edit": (input) => this.parts.styles.edit(input),
    "styles.remove": async ({ id }) => {
      await this.parts.styles.remove(id);
      return {};
    },
    "styles.mix": (mix) => this.mix(mix),
    "models.settings": () => this.parts.settings.state(),
    "models.configure": async (change) => {
      // What was left out stays as it is.
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      await this.parts.settings.change(given);
      return this.parts.settings.state();
    },
    "models.forgetProxyLogin": async () => {
      await this.parts.settings.forgetProxyLogin();
      return this.parts.settings.state();
    },
    "models.token": async ({ token }) => {
      await this.parts.settings.setToken(token);
      return this.parts.settings.state();
    },
  };

  /** Queues both jobs of an entry. Errors: see the contract. */
  async download(id: string, request: Partial<Omit<StoreRequest, "entry">> = {}): Promise<JobSnapshot[]> {
    const { catalogue, acceptances, models } = this.parts;
    const entry = entryOf(catalogue, id);
    if (entry.source.kind !== "hub")
      throw new StudioError("FORBIDDEN", `${entry.name} cannot be downloaded from here. ${entry.source.how}`);
    await acceptances.demand(entry);
    if (await models.has(id))
      throw new StudioError("BAD_REQUEST", `${entry.name} is installed already: remove it first to install it anew.`);
    if (this.underWay(id).length > 0)
      throw new StudioError("BAD_REQUEST", `${entry.name} is on its way already: look into the queue.`);
    const folder = models.downloadFolder(id);
    await demandRoom(folder, entry, downloadBytes(entry) - (await arrived(folder)), request.weights);
    const usual = { lookIn: null, int8: this.parts.measuresInt8 !== false, weights: "fp32" } as const;
    return this.jobs.add(storeJobs(entry, { ...usual, ...request }));
  }

  installStyle(path: string, wish: StyleWish): Promise<Style> {
    return this.parts.styles.install(path, wish);
  }

  /** Lays a checkpoint aside that a shell was handed; null when it is none, but media. */
  take(path: string, { checkpoint }: ImportPurpose): Promise<null> | null {
    return checkpoint === undefined ? null : this.parts.dropped.take(path, checkpoint).then(() => null);
  }

  /** The same of one that comes as bytes. */
  receive(
    name: string,
    bytes: AsyncIterable<Uint8Array>,
    { checkpoint }: ImportPurpose = {},
    size: number | null = null,
  ): Promise<null> | null {
    return checkpoint === undefined ? null : this.parts.dropped.receive(name, bytes, checkpoint, size).then(() => null);
  }

  private async mix(mix: Mix): Promise<JobSnapshot> {
    const { styles, models } = this.parts;
    const { summary } = await models.find(mix.model, undefined, undefined, "text-to-video");
    const wanted = { ...mix, model: summary.id };
    const { id, name } = await styles.named(wanted, summary.name);
    if (await models.has(id)) throw new StudioError("BAD_REQUEST", `${name} is there already: choose it as the model.`);
    await styles.files(mix.styles);
    const [job] = await this.jobs.add([mixJob({ mix: wanted, id, name })]);
    return job!;
  }

  private async repack(id: string, weights: WeightFormat): Promise<JobSnapshot> {
    const { models } = this.parts;
    const { summary } = await models.find(id);
    if (weights === "fp32" || (summary.weights?.format ?? "fp32") !== "fp32")
      throw new StudioError(
        "BAD_REQUEST",
        `Smaller weights are made from published ones: choose fp16, int8 or 4bit, and a model in fp32.`,
      );
    const made = `${id.slice(0, 58)}-${weights}`;
    const name = `${summary.name}, ${weightWords[weights]}`;
    if (await models.has(made)) throw new StudioError("BAD_REQUEST", `${name} is there already: remove it first.`);
    const [job] = await this.jobs.add([repackJob({ repack: id, weights, id: made, name })]);
    return job!;
  }

  private async installDropped(drop: string, weights: WeightFormat = "fp32"): Promise<JobSnapshot> {
    const { dropped, models } = this.parts;
    const file = await dropped.installable(drop);
    const isOne = file !== dropped.folder(drop);
    const wanted = isOne ? idFromFile(file) : "model";
    let id = wanted;
    for (let n = 2; await models.has(id); n++) id = `${wanted.slice(0, 60)}-${n}`;
    const [job] = await this.jobs.add([
      droppedJob({ drop, id, weights }, isOne ? basename(file) : "A model in several files"),
    ]);
    return job!;
  }

  private async store(): Promise<ModelStore> {
    const { catalogue, models } = this.parts;
    const free = await freeBytes(models.place);
    const cards: CatalogueCard[] = [];
    for (const entry of catalogue.entries) cards.push(await this.card(entry, free));
    return { cards, folderName: displayName(models.place), freeBytes: free };
  }

  private async card(entry: CatalogueEntry, free: number | null): Promise<CatalogueCard> {
    const { models, acceptances } = this.parts;
    const arrivedBytes = await arrived(models.downloadFolder(entry.id));
    const roomBytes = roomFor(entry, downloadBytes(entry) - arrivedBytes);
    return {
      entry,
      isInstalled: await models.has(entry.id),
      acceptedAt: await acceptances.of(entry),
      arrivedBytes,
      roomBytes,
      hasRoom: free === null || free >= roomBytes,
    };
  }

  private async discard(id: string): Promise<void> {
    const entry = entryOf(this.parts.catalogue, id);
    for (const job of this.underWay(id)) {
      await this.jobs.cancel([job.id]);
      await this.jobs.ended(job.id);
    }
    await rm(this.parts.models.downloadFolder(entry.id), { recursive: true, force: true });
  }

  private underWay(id: string): JobSnapshot[] {
    return this.jobs.list().filter((job) => entryOfJob(job) === id && !hasEnded(job));
  }
}
