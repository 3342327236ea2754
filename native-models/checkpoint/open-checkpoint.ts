/** Opens any checkpoint file that the studio can read. */
import { StudioError } from "../../core/contract/errors.ts";
import type { TensorSource } from "../types.ts";
import { BoundedFile, unreadable } from "./bounded-file.ts";
import { looksLikeSafetensors, openSafetensors } from "./safetensors.ts";
import { openTorchZip } from "./torch-zip.ts";

const HEAD = 512;

/** Files that people download by mistake, or that need another step first. */
function refusal(head: Uint8Array, name: string): StudioError {
  const text = Buffer.from(head).toString("latin1");
  const isPickle = head[0] === 0x80 && head[1]! <= 5;
  // torch.save before 1.6: a pickled magic number comes first.
  if (isPickle && text.includes("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"))
    return unreadable(
      `The file ${name} was saved by a PyTorch older than 1.6, whose format is not supported: open it in a newer PyTorch and save it again.`,
    );
  if (isPickle)
    return unreadable(`The file ${name} is a Python pickle, not a PyTorch checkpoint: choose another file.`);
  if (text.startsWith("version https://git-lfs"))
    return unreadable(`The file ${name} only points to the real file (Git LFS): download the checkpoint itself.`);
  if (/^\s*<(?:!doctype|html|\?xml)/iu.test(text))
    return unreadable(`The file ${name} is a web page, not a checkpoint: use the page's download link.`);
  if (text.startsWith("GGUF"))
    return unreadable(`The file ${name} is a GGUF file, which is not supported: choose the .safetensors or .pt file.`);
  if (head[0] === 0x1f && head[1] === 0x8b)
    return unreadable(`The file ${name} is compressed with gzip: unpack it first.`);
  return unreadable(
    `The file ${name} is not a checkpoint that Plume Studio can read: choose a .pt, .ckpt, .pth or .safetensors file.`,
  );
}

/**
 * Opens a checkpoint by its content, not by its name: PyTorch zip (.pt, .ckpt, .pth, .bin) or safetensors.
 * Errors: CHECKPOINT_UNREADABLE with a sentence that says what the file is instead, or what is wrong with it.
 */
export async function openCheckpoint(path: string): Promise<TensorSource> {
  const file = await BoundedFile.open(path);
  let head: Uint8Array;
  let size: number;
  try {
    ({ size } = file);
    head = await file.read(0, Math.min(HEAD, size), "its first bytes");
  } finally {
    await file.close();
  }
  try {
    if (head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5)) return await openTorchZip(path);
    if (looksLikeSafetensors(head, size)) return await openSafetensors(path);
  } catch (error) {
    throw error instanceof StudioError
      ? error
      : unreadable(`The file ${file.name} cannot be read: it is damaged, download it again.`, String(error), error);
  }
  throw refusal(head, file.name);
}
