import { installCheckpoint, packSummary, verifyPack } from "../../native-models/pack/index.ts";
import type { EngineBackend } from "./backend.ts";

/** The real models. Sessions and converters are loaded when they are first needed; onnxruntime at once, to know that it works here. */
export async function nativeBackend(): Promise<EngineBackend> {
  const { onnxruntimeVersion } = await import("../../native-models/runtime.ts");
  return {
    onnxruntime: onnxruntimeVersion,

    async open(pack, options) {
      const { openPipeline } = await import("../../native-models/index.ts");
      return openPipeline(pack, options);
    },

    async install({ file, pack, id, name, bundled, loras, weights, threads }, report, signal) {
      const manifest = await installCheckpoint({
        file,
        destination: pack,
        id,
        lora: loras,
        weights,
        threads,
        onProgress: report,
        signal,
        ...(name === null ? {} : { name }),
      });
      return packSummary(manifest, bundled);
    },

    async prepare(pack, threads, report, signal) {
      const { preparePack } = await import("../../native-models/index.ts");
      await preparePack(pack, threads, {
        signal,
        progress: (fraction) => report("Measuring ranges for int8", fraction),
      });
    },

    async verify(pack, report, signal) {
      return verifyPack(pack, (fraction) => report("Reading every byte", fraction), signal);
    },
  };
}
