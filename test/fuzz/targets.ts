/** What is damaged, and what reads it. */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { StudioError } from "../../core/contract/errors.ts";
import { openCheckpoint } from "../../native-models/checkpoint/open-checkpoint.ts";
import { readPickle } from "../../native-models/checkpoint/pickle.ts";
import { nameTensors } from "../../native-models/checkpoint/torch-tree.ts";

export interface Original {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Reads a damaged copy. Errors: whatever is no sentence for users, which is a defect. @param path of a file of its own */
  readonly read: (changed: Uint8Array, path: string) => Outcome | Promise<Outcome>;
}

const readFileOf = async (changed: Uint8Array, path: string): Promise<Outcome> => {
  await writeFile(path, changed);
  return readEverything(path);
};

const fixtures = fileURLToPath(new URL("../../native-models/checkpoint/fixtures", import.meta.url));

/** A small, valid safetensors file. */
function safetensors(): Buffer {
  const header = Buffer.from(
    JSON.stringify({
      __metadata__: { format: "pt", note: "a style" },
      a: { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] },
      b: { dtype: "BF16", shape: [3], data_offsets: [16, 22] },
      c: { dtype: "I64", shape: [], data_offsets: [22, 30] },
    }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(30, 1)]);
}

export async function checkpointOriginals(): Promise<Original[]> {
  const files: Original[] = [{ name: "safetensors", bytes: safetensors(), read: readFileOf }];
  const pickles: Original[] = [];
  for (const name of ["dict.pt", "module.pt", "hostile.pt", "deflated.pt", "zip64.pt"]) {
    const bytes = await readFile(join(fixtures, name));
    files.push({ name, bytes, read: readFileOf });
    // The pickle of a stored zip lies in it as it is.
    const start = bytes.indexOf(Buffer.from([0x80, 0x02]));
    const end = bytes.indexOf("PK", start + 2, "latin1");
    if (start > 0 && end > start + 100)
      pickles.push({ name: `${name}'s pickle`, bytes: bytes.subarray(start, end), read: readPickleOf });
  }
  // Half of all damage goes to pickles, which are machines, and half to the containers, which are tables.
  return [...files, ...pickles, ...pickles];
}

export type Outcome = "opened" | "refused";

/** Opens a file and reads every tensor. Errors: whatever is no StudioError, which is a defect. */
async function readEverything(path: string): Promise<Outcome> {
  try {
    const source = await openCheckpoint(path);
    try {
      // Values from the file are data: they can be written down, whatever class they claimed to be.
      JSON.stringify(source.metadata);
      for (const name of source.tensors.keys())
        await source.readFloat32(name).catch((error: unknown) => {
          if (!(error instanceof StudioError)) throw error;
        });
    } finally {
      await source.close();
    }
    return "opened";
  } catch (error) {
    if (error instanceof StudioError && error.code !== "INTERNAL") return "refused";
    throw error;
  }
}

/** The same of a bare pickle. */
function readPickleOf(bytes: Uint8Array): Outcome {
  try {
    nameTensors(
      readPickle(bytes, () => ({ key: "0", type: "FloatStorage", size: 9 }), "x.pt"),
      "x.pt",
    );
    return "opened";
  } catch (error) {
    if (error instanceof StudioError && error.code !== "INTERNAL") return "refused";
    throw error;
  }
}
