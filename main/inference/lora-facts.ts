import { loraInstead } from "../../native-models/checkpoint/names.ts";
import { openCheckpoint } from "../../native-models/checkpoint/open-checkpoint.ts";

/** What a file says of itself as a style. */
export interface LoraFacts {
  readonly layers: number;
  readonly name: string | null;
  readonly about: string | null;
  readonly triggers: readonly string[];
  readonly licence: string | null;
  /** A data URL. */
  readonly preview: string | null;
}

/**
 * Reads a LoRA's directory and what its makers wrote into it (safetensors metadata as Stability AI's "modelspec" and kohya-ss name it).
 * Null: the file is no LoRA. Errors: CHECKPOINT_UNREADABLE.
 */
export async function readLoraFacts(path: string): Promise<LoraFacts | null> {
  const source = await openCheckpoint(path);
  try {
    if (loraInstead(source) === null) return null;
    const names = [...source.tensors.keys()];
    const named = names.filter((name) => /lora_(?:up|B)\b/u.test(name)).length;
    const text = (key: string): string | null => {
      const value = source.metadata[key];
      return typeof value === "string" && value.trim() !== "" ? value.trim().slice(0, 2000) : null;
    };
    const preview = source.metadata["modelspec.thumbnail"];
    return {
      layers: named > 0 ? named : Math.floor(names.length / 2),
      name: text("modelspec.title") ?? text("ss_output_name"),
      about: text("modelspec.description") ?? text("ss_training_comment"),
      triggers: (text("modelspec.trigger_phrase") ?? "")
        .split(/[,;]/)
        .map((each) => each.trim())
        .filter((each) => each !== "")
        .slice(0, 20),
      licence: text("modelspec.license"),
      preview: typeof preview === "string" && isSmallPicture(preview) ? preview : null,
    };
  } finally {
    await source.close();
  }
}

const MOST_PREVIEW = 400_000;
const isSmallPicture = (url: string): boolean =>
  url.length <= MOST_PREVIEW && /^data:image\/(?:png|jpeg|webp);base64,[A-Za-z0-9+/=]+$/.test(url);
