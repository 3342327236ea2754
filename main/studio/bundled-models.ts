import { existsSync } from "node:fs";
import { appFile } from "../app-files/app-files.ts";
import type { BundledModel } from "./models/model-service.ts";

const asset = (name: string): string => appFile(`assets/models/${name}`);
const BUNDLED: readonly BundledModel[] = [
  { id: "starter", work: "text-to-video", file: asset("starter.ckpt") },
  { id: "starter-motion", work: "animate", file: asset("keyvid") },
  { id: "starter-eyes", work: "vision", file: asset("patnet/eyes.ckpt") },
];

/** The models in `assets/models`; where one is missing, the studio does without it. */
export function bundledModels(): BundledModel[] {
  return BUNDLED.filter(({ file }) => existsSync(file));
}
