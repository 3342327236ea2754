import { EngineHost, eyesEnvironment } from "../inference/index.ts";
import type { StudioOptions } from "./studio.ts";
import type { StudioParts } from "./studio-parts.ts";

export interface Engines {
  /** Makes clips and converts checkpoints. */
  readonly engine: EngineHost;
  /** Looking at media goes on beside the making of clips, and leaves the clip's model where it is. */
  readonly eyes: EngineHost;
}

/** The studio's two engines; neither starts before it is needed. @param makeRoomForEyes before the second one starts */
export function openEngines(
  options: StudioOptions,
  exchanged: StudioParts,
  makeRoomForEyes: () => Promise<void>,
): Engines {
  const host = {
    entry: exchanged.engineEntry ?? options.engine?.entry,
    node: options.engine?.node,
    idleMs: options.idleUnloadMs,
    log: options.log,
  };
  return {
    engine: new EngineHost(host),
    eyes: new EngineHost({ ...host, environment: eyesEnvironment, beforeStart: makeRoomForEyes }),
  };
}
