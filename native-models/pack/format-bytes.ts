import type { WeightFormat } from "../../core/contract/index.ts";
import { hummingbirdParameters } from "../hummingbird/parameters.ts";
import { keyvidParameters } from "../keyvid/parameters.ts";
import { storedBytes, weightFormats } from "../onnx/weight-formats.ts";
import { patnetParameters } from "../patnet/parameters.ts";
import type { ParameterSpec } from "../types.ts";
import type { PackManifest } from "./manifest.ts";
import type { Pack } from "./read-pack.ts";

function parametersOf(manifest: PackManifest): ParameterSpec[] {
  if (manifest.family === "hummingbird") return hummingbirdParameters(manifest.config);
  return manifest.family === "keyvid" ? keyvidParameters(manifest.config) : patnetParameters(manifest.config);
}

/** Bytes of a pack's weights in each format, but for alignment: weights that share their bytes are counted once. Nothing is opened. */
export function formatBytes({ manifest, index }: Pick<Pack, "manifest" | "index">): Record<WeightFormat, number> {
  const known = new Set<string>();
  const specs = parametersOf(manifest).filter(({ key, use, shape }) => {
    const { file = "", offset } = index[key] ?? {};
    const place = `${file} ${offset} ${use} ${shape.join()}`;
    const isNew = offset === undefined || !known.has(place);
    known.add(place);
    return isNew;
  });
  const bytesIn = (format: WeightFormat): number => specs.reduce((sum, spec) => sum + storedBytes(spec, format), 0);
  return Object.fromEntries(weightFormats.map((format) => [format, bytesIn(format)])) as Record<WeightFormat, number>;
}
