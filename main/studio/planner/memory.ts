import type { EngineHost } from "../../inference/index.ts";

export interface MemoryOptions {
  /** Bytes of this computer or container, and of those what could be had now. */
  readonly total: () => number;
  readonly free: () => number;
  /** The user's own limit; null: the usual part of what there is. */
  readonly limit: () => Promise<number | null>;
  /** The engine that makes clips, and the one that looks at media. */
  readonly engine: Pick<EngineHost, "residentBytes" | "state" | "release">;
  readonly eyes: Pick<EngineHost, "residentBytes" | "release">;
}

/** Part of the memory that models may have together unless the user says otherwise: the rest is the editor's and everybody else's. */
const USUAL_PART = 0.8;
/** A model that looks at media and the pictures that it is shown, about: measured on the official PATNets (0.5 to 0.9 GB). */
const EYES = 1e9;

/** What models may take of this computer's memory, and who goes first when there is not enough. */
export class MemoryBudget {
  private readonly options: MemoryOptions;

  constructor(options: MemoryOptions) {
    this.options = options;
  }

  get total(): number {
    return this.options.total();
  }

  /** The most that models may take together. */
  async limit(): Promise<number> {
    return Math.min(this.total, (await this.options.limit()) ?? USUAL_PART * this.total);
  }

  /** The usual limit of this computer. */
  get usualLimit(): number {
    return USUAL_PART * this.total;
  }

  /** What engines hold now, warm ones included. */
  get held(): number {
    return this.options.engine.residentBytes + this.options.eyes.residentBytes;
  }

  /** What a clip's engine could have now: what is free and what engines hold already, within the limit. */
  async available(): Promise<number> {
    return Math.min(await this.limit(), this.options.free() + this.held);
  }

  /**
   * Before work that takes so much begins: lets models go that it has no room beside, those that look at media first. The engine's own
   * warm model counts as room for a clip, which takes its place; for work in another process it has to go.
   */
  async makeRoom(need: number, isEngines: boolean): Promise<void> {
    const { engine, eyes, free } = this.options;
    const limit = await this.limit();
    const doesFit = (): boolean => {
      const own = isEngines ? engine.residentBytes : 0;
      return need <= free() + own && need + this.held - own <= limit;
    };
    if (!doesFit() && eyes.residentBytes > 0) await eyes.release();
    if (!doesFit() && !isEngines && engine.residentBytes > 0) await engine.release();
  }

  /** Before a model that looks at media is opened: the clips' engine lets go a model that only waits for its next clip. */
  async makeRoomForEyes(): Promise<void> {
    const { engine, free } = this.options;
    const fits = EYES <= free() && EYES + engine.residentBytes <= (await this.limit());
    if (!fits && engine.state === "ready") await engine.release();
  }
}
