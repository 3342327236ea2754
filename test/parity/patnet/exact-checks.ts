/** Checks that need no network: relative positions, sizes, pictures as the networks take them. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { Graph } from "../../../native-models/onnx/graph.ts";
import { classifierCrop, detectorSize } from "../../../native-models/patnet/preprocess.ts";
import {
  bucketOfDistance,
  bucketOfOffset,
  relativePositionBias,
} from "../../../native-models/patnet/relative-position.ts";
import { resizeBilinear } from "../../../native-models/patnet/resize.ts";
import { EXACT } from "../tolerance.ts";
import type { Case, Check } from "./context.ts";
import { runGraph, valuesSource } from "./golden-source.ts";
import { readPng } from "../png.ts";

/** Buckets by distance, by offset and by pairs of cells; the bias of a whole map. */
export const checkRelativePositions: Check = async ({ report, stem }, file) => {
  for (const name of file.tensorNames.filter((tensor) => tensor !== "lookup_table_bias")) {
    await report.guard(`${stem}.${name}`, async () => {
      const golden = await file.get(name);
      const [, height = "", width = ""] = /_(\d+)x(\d+)$/u.exec(name) ?? [];
      const cells = Number(height) * Number(width);
      let actual: ArrayLike<number>;
      if (name === "bucket_of_rounded_distance") actual = Array.from(golden.data, (_, i) => bucketOfDistance(i));
      else if (name === "bucket_by_abs_offset") {
        const columns = golden.shape[1]!;
        actual = Array.from(golden.data, (_, i) => bucketOfOffset(Math.floor(i / columns), i % columns));
      } else if (name.startsWith("bucket_ids")) {
        actual = Array.from({ length: cells * cells }, (_, i) => {
          const [query, key] = [Math.floor(i / cells), i % cells];
          const rows = Math.floor(query / Number(width)) - Math.floor(key / Number(width));
          return bucketOfOffset(rows, (query % Number(width)) - (key % Number(width)));
        });
      } else if (name.startsWith("bias")) {
        const table = await file.get("lookup_table_bias");
        const g = new Graph("bias");
        g.output("bias", relativePositionBias(g, g.parameter("table", table.shape), Number(height), Number(width)));
        const weights = valuesSource(
          () => table.shape,
          () => Promise.resolve(table.data),
        );
        actual = (await runGraph(g, weights, {})).bias!;
      } else throw new Error("no check used this tensor");
      report.check(`${stem}.${name}`, actual, golden.data, EXACT);
    });
  }
};

/** Every tensor is the classifier's crop of the picture of its name. */
export const checkClassifierCrops: Check = async ({ report, stem, file: path }, file) => {
  for (const name of file.tensorNames) {
    await report.guard(`${stem}.${name}`, async () => {
      const golden = await file.get(name);
      const crop = classifierCrop(await readPng(path(`preprocess/${name}.png`)), golden.shape[0]!);
      report.check(`${stem}.${name}`, crop.rgb, golden.data, EXACT);
    });
  }
};

/** Every tensor is a picture resized for the detector. */
export const checkDetectorResizes: Check = async ({ report, stem, file: path }, file) => {
  for (const name of file.tensorNames) {
    await report.guard(`${stem}.${name}`, async () => {
      const { shape, data } = await file.get(name);
      const { rgb } = resizeBilinear(await readPng(path(`preprocess/${name}.png`)), shape[1]!, shape[0]!);
      report.check(`${stem}.${name}`, rgb, data, EXACT);
    });
  }
};

const pair = z.tuple([z.number(), z.number()]);
const sizesSchema = z.array(
  z.object({ ori_wh: pair, new_wh: pair, pad_wh: pair, scale_factor_f32: z.array(z.number()).length(4) }),
);

/** Sizes of the detector's input for pictures of all kinds of sizes. */
export async function checkDetectorSizes({ report, path, stem, file }: Case): Promise<void> {
  const sizes = sizesSchema.parse(JSON.parse(await readFile(file(path), "utf8")));
  for (const {
    ori_wh: [width, height],
    ...golden
  } of sizes) {
    const size = detectorSize({ width, height }, [1333, 800]);
    report.check(
      `${stem}.${width}x${height}`,
      [size.width, size.height, size.paddedWidth, size.paddedHeight, ...size.scale, ...size.scale],
      [...golden.new_wh, ...golden.pad_wh, ...golden.scale_factor_f32],
      EXACT,
    );
  }
}
