/** Which licences were accepted on this computer, and when. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type CatalogueEntry, modelIdSchema, StudioError } from "../../../core/contract/index.ts";
import { replaceFile } from "../files.ts";

const acceptanceSchema = z.object({
  model: modelIdSchema,
  licence: z.string(),
  url: z.string(),
  /** Of the terms as they were shown. */
  version: z.number().int(),
  acceptedAt: z.iso.datetime(),
});
type Acceptance = z.infer<typeof acceptanceSchema>;

export class Acceptances {
  private readonly file: string;

  /** @param home the data folder */
  constructor(home: string) {
    this.file = join(home, "licences.json");
  }

  /** When the entry's present terms were accepted; null: they were not. */
  async of({ id, licence }: CatalogueEntry): Promise<string | null> {
    const found = (await this.list()).findLast(({ model, version }) => model === id && version === licence.version);
    return found?.acceptedAt ?? null;
  }

  /**
   * Records that these terms were accepted. Errors: BAD_REQUEST when they are not the present ones.
   * @param version of the terms that the user has seen
   */
  async accept({ id, licence }: CatalogueEntry, version: number): Promise<string> {
    if (version !== licence.version)
      throw new StudioError("BAD_REQUEST", "These terms have changed meanwhile: read them again, then accept them.");
    const acceptedAt = new Date().toISOString();
    const { name, url } = licence;
    const all = [...(await this.list()), { model: id, licence: name, url, version, acceptedAt }];
    await replaceFile(this.file, `${JSON.stringify(all, null, 2)}\n`);
    return acceptedAt;
  }

  /** Errors: LICENCE_NOT_ACCEPTED. */
  async demand(entry: CatalogueEntry): Promise<string> {
    const acceptedAt = await this.of(entry);
    if (acceptedAt !== null) return acceptedAt;
    throw new StudioError(
      "LICENCE_NOT_ACCEPTED",
      `${entry.name} is ${entry.maker}'s, under its own terms (${entry.licence.name}): read and accept them first.`,
      entry.licence.url,
    );
  }

  private async list(): Promise<Acceptance[]> {
    try {
      return z.array(acceptanceSchema).parse(JSON.parse(await readFile(this.file, "utf8")));
    } catch {
      return []; // none yet, or damaged: then they are shown again
    }
  }
}
