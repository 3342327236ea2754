/**
 * What the int8 form of a classifier is scaled by: the ranges that its convolutions see on the first pictures that it is shown. Found
 * once a pack; those pictures are classified in float32 meanwhile.
 */
import type { ConvRange, Graph } from "../onnx/graph.ts";
import { Session, type SessionOptions, type Weights } from "../onnx/session.ts";
import { type Int8Data, writeInt8 } from "../pack/int8-files.ts";
import { classifierGraph } from "./classifier.ts";
import type { PatnetConfig } from "./config.ts";

/**
 * Enough to see every channel at work: with a third of it, one picture in forty gets another surest tag. What other pictures show beyond it
 * is held at its ends, which costs less than coarser steps for all (the eyes that ship, held-out pictures: logits off by 6.1 %, with a tenth
 * to spare by 7.6 %).
 */
export const CALIBRATION_PICTURES = 48;

export class ClassifierCalibration {
  readonly #config: PatnetConfig;
  readonly #weights: Weights;
  readonly #session: Session;
  readonly #ranges = new Map<string, ConvRange>();
  #seen = 0;

  private constructor(config: PatnetConfig, weights: Weights, session: Session) {
    this.#config = config;
    this.#weights = weights;
    this.#session = session;
  }

  static async open(config: PatnetConfig, weights: Weights, options: SessionOptions): Promise<ClassifierCalibration> {
    const graph = classifierGraph(config, sizeOf(config), undefined, { observe: true });
    return new ClassifierCalibration(config, weights, await Session.open(graph, weights, "observe", options));
  }

  /** The logits of one picture [3, side, side], normalised; its ranges are remembered. */
  async look(picture: Float32Array): Promise<Float32Array> {
    const { logits, ranges } = await this.#session.run({ picture });
    widen(this.#ranges, this.#session.graph, ranges!);
    this.#seen++;
    return logits!;
  }

  get isComplete(): boolean {
    return this.#seen >= CALIBRATION_PICTURES;
  }

  /** Writes the int8 weights into the pack. Errors: MODEL_DAMAGED, DISK_FULL, OUTPUT_UNWRITABLE. */
  finish(): Promise<Int8Data> {
    const graph = classifierGraph(this.#config, sizeOf(this.#config), undefined, { int8: this.#ranges });
    return writeInt8(this.#weights, graph.int8Weights, this.#ranges);
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

function sizeOf({ classifier }: PatnetConfig) {
  const { side } = classifier!;
  return { batch: 1, height: side, width: side };
}

/** Widens the ranges by what one run of an observing graph saw. */
function widen(ranges: Map<string, ConvRange>, graph: Graph, seen: Float32Array): void {
  for (const [row, path] of graph.observed.entries()) {
    const at = (k: number) => seen[row * 4 + k]!;
    const known = ranges.get(path);
    ranges.set(path, {
      input: [Math.min(at(0), known?.input[0] ?? 0), Math.max(at(1), known?.input[1] ?? 0)],
      output: [Math.min(at(2), known?.output[0] ?? 0), Math.max(at(3), known?.output[1] ?? 0)],
    });
  }
}
