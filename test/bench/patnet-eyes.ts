/** The eyes that ship in int8 against float32, on pictures of a folder (`golden.py --frames FOLDER` of their recipe draws held-out ones). */
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { colourNames } from "../../core/vision/index.ts";
import { installCheckpoint, manifestOf, readPack } from "../../native-models/pack/index.ts";
import { CALIBRATION_PICTURES } from "../../native-models/patnet/calibrate.ts";
import { PatnetNetworks } from "../../native-models/patnet/networks.ts";
import type { Picture } from "../../native-models/types.ts";
import { readPng } from "../parity/png.ts";
import { cpuSeconds } from "./machine.ts";

export interface EyesInt8 {
  /** Pictures that calibration did not see. */
  readonly pictures: number;
  /** Share of them whose surest family is the same: every frame has one of them. */
  readonly sameFamily: number;
  /** The same of colours. */
  readonly sameColour: number;
  /** The same of all tags, of which a picture has several that are as sure. */
  readonly sameTag: number;
  /** CPU time of int8 by that of float32, one picture at a time. */
  readonly ofFloat: number;
}

const checkpoint = resolve(import.meta.dirname, "../../assets/models/patnet/eyes.ckpt");

export async function benchEyesInt8(work: string, folder: string): Promise<EyesInt8> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".png")).sort();
  const pictures: Picture[] = [];
  for (const name of names) pictures.push(await readPng(join(folder, name)));
  if (pictures.length <= CALIBRATION_PICTURES)
    throw new Error(`The folder needs more than ${CALIBRATION_PICTURES} PNG pictures.`);
  const pack = join(work, "eyes");
  await installCheckpoint({ file: checkpoint, destination: pack });
  const { manifest, index, folder: place, weightsFile } = await readPack(pack);
  const { config } = manifestOf("patnet", manifest);
  const weights = { folder: place, file: weightsFile, index };
  const exact = new PatnetNetworks(config, weights, { threads: 1 });
  const quick = new PatnetNetworks(config, weights, { threads: 1, precision: "int8" });
  try {
    for (const picture of pictures.slice(0, CALIBRATION_PICTURES)) await quick.classify([picture]);
    for (const networks of [exact, quick]) await networks.classify([pictures[0]!]);
    const tags = config.classifier!.tags!;
    const places = (is: (tag: string) => boolean) => tags.flatMap((tag, place) => (is(tag) ? [place] : []));
    const kinds = {
      sameFamily: places((tag) => !isColour(tag) && !config.labels.includes(tag)),
      sameColour: places(isColour),
      sameTag: places(() => true),
    };
    const same = { sameFamily: 0, sameColour: 0, sameTag: 0 };
    let [float, int8] = [0, 0];
    const rest = pictures.slice(CALIBRATION_PICTURES);
    for (const picture of rest) {
      const at = [cpuSeconds()];
      const [a] = await exact.classify([picture]);
      at.push(cpuSeconds());
      const [b] = await quick.classify([picture]);
      at.push(cpuSeconds());
      float += at[1]! - at[0]!;
      int8 += at[2]! - at[1]!;
      for (const kind of ["sameFamily", "sameColour", "sameTag"] as const)
        if (surest(a!, kinds[kind]) === surest(b!, kinds[kind])) same[kind] += 1 / rest.length;
    }
    return { pictures: rest.length, ...same, ofFloat: int8 / float };
  } finally {
    await exact.close();
    await quick.close();
  }
}

const isColour = (tag: string): boolean => colourNames.includes(tag);

const surest = (scores: Float32Array, places: readonly number[]): number =>
  places.reduce((best, place) => (scores[place]! > scores[best]! ? place : best), places[0]!);
