/** An opened PATNet pack as the studio asks it: pictures in, tags and objects with names out. */
import type { ModelSummary } from "../../core/contract/index.ts";
import type { Weights } from "../onnx/session.ts";
import type { OpenOptions, Picture, PictureObject, PictureTag, VisionPipeline } from "../types.ts";
import type { PatnetConfig } from "./config.ts";
import { PatnetNetworks } from "./networks.ts";

/** Tags that hold side by side count from this probability on; of single classes the first few are told. */
const TAG_THRESHOLD = 0.5;
const MOST_CLASSES = 5;

export interface PatnetModel {
  readonly config: PatnetConfig;
  readonly weights: Weights;
  readonly summary: ModelSummary;
}

export class PatnetPipeline implements VisionPipeline {
  readonly kind = "vision";
  readonly summary: ModelSummary;
  readonly #config: PatnetConfig;
  readonly #networks: PatnetNetworks;

  constructor({ config, weights, summary }: PatnetModel, options: OpenOptions) {
    this.summary = summary;
    this.#config = config;
    this.#networks = new PatnetNetworks(config, weights, options);
  }

  async tags(pictures: readonly Picture[]): Promise<PictureTag[][]> {
    const { classifier, detector, labels } = this.#config;
    if (!classifier) return pictures.map(() => []);
    const names = classifier.tags ?? (detector ? [] : labels);
    const scores = await this.#networks.classify(pictures);
    return scores.map((row) => {
      const sorted = Array.from(row, (score, i) => ({ label: names[i] ?? `class ${i}`, score })).sort(
        (a, b) => b.score - a.score,
      );
      return classifier.tags ? sorted.filter(({ score }) => score >= TAG_THRESHOLD) : sorted.slice(0, MOST_CLASSES);
    });
  }

  async objects(picture: Picture): Promise<PictureObject[]> {
    if (!this.#config.detector) return [];
    const found = await this.#networks.detect(picture);
    return found.map(({ box, score, label, mask }) => ({
      label: this.#config.labels[label] ?? `class ${label}`,
      score,
      box: [box[0]!, box[1]!, box[2]!, box[3]!],
      mask,
    }));
  }

  close(): Promise<void> {
    return this.#networks.close();
  }
}
