import Papa from "papaparse";
import { type GenerationRequest, generationRequestSchema, limits, StudioError } from "../contract/index.ts";

/** A list longer than this is no list of prompts. */
const MAX_CHARACTERS = 4 << 20;

/** Columns by all the names that people give them. */
const COLUMNS: Readonly<Record<string, keyof GenerationRequest>> = {
  prompt: "prompt",
  text: "prompt",
  negative: "negativePrompt",
  negativeprompt: "negativePrompt",
  seed: "seed",
  width: "width",
  height: "height",
  frames: "frames",
  fps: "fps",
  steps: "steps",
  guidance: "guidance",
  cfg: "guidance",
  precision: "precision",
  model: "model",
};
const TEXTS: ReadonlySet<keyof GenerationRequest> = new Set(["prompt", "negativePrompt", "precision", "model"]);

/**
 * Clips of a list: of a text file each line is a prompt (empty lines and lines that begin with # are left out); of a table (its name ends
 * in .csv or .tsv) each row, with a first row that names the columns: prompt, negative, seed, size (320x192), width, height, frames, fps,
 * steps, guidance, precision, model. What a row does not say comes from `base`. Errors: BAD_REQUEST naming the line.
 */
export function parsePromptList(
  fileName: string,
  text: string,
  base: Omit<GenerationRequest, "prompt"> = {},
): GenerationRequest[] {
  if (text.length > MAX_CHARACTERS) throw bad("This file is too large for a list of prompts: split it.");
  // A file from a spreadsheet may begin with a byte order mark.
  const content = text.replace(/^\uFEFF/, "");
  const table = /\.(csv|tsv)$/i.exec(fileName)?.[1]?.toLowerCase();
  const requests = table === undefined ? lines(content, base) : rows(content, base, table === "tsv" ? "\t" : "");
  if (requests.length === 0)
    throw bad("There is no prompt in this file: write one on each line, or a table with a column “prompt”.");
  if (requests.length > limits.batch.max)
    throw bad(`A list may hold ${limits.batch.max} prompts, and this one has ${requests.length}: split it.`);
  return requests;
}

function lines(text: string, base: Omit<GenerationRequest, "prompt">): GenerationRequest[] {
  return text.split(/\r\n|\r|\n/).flatMap((line, n) => {
    const prompt = line.trim();
    return prompt === "" || prompt.startsWith("#") ? [] : [checked({ ...base, prompt }, n + 1)];
  });
}

/** @param delimiter between cells; "": whichever the table uses */
function rows(text: string, base: Omit<GenerationRequest, "prompt">, delimiter: string): GenerationRequest[] {
  const { data } = Papa.parse<string[]>(text, { skipEmptyLines: false, delimiter });
  const all = data.map((cells, n) => ({ cells: cells.map((cell) => cell.trim()), line: n + 1 }));
  const [head, ...rest] = all.filter(({ cells }) => cells.some((cell) => cell !== ""));
  if (head === undefined) return [];
  const names = head.cells.map((cell) => cell.toLowerCase().replace(/[^a-z]/g, ""));
  const unknown = names.findIndex((name) => name !== "" && name !== "size" && !Object.hasOwn(COLUMNS, name));
  if (unknown >= 0)
    throw bad(
      `The column “${head.cells[unknown]}” is not known: the first row names the columns, for example prompt, seed, size, steps.`,
    );
  if (!names.some((name) => COLUMNS[name] === "prompt"))
    throw bad("The table has no column “prompt”: its first row names the columns.");
  return rest.map(({ cells, line }) => {
    const row: Record<string, unknown> = { ...base };
    for (const [i, name] of names.entries()) {
      const cell = cells[i] ?? "";
      if (cell === "" || name === "") continue;
      if (name === "size") Object.assign(row, sizeOf(cell, line));
      else {
        const field = COLUMNS[name]!;
        row[field] = TEXTS.has(field) ? cell : Number(cell);
      }
    }
    return checked(row, line);
  });
}

function sizeOf(text: string, line: number): { width: number; height: number } {
  const match = /^(\d+)\s*[x×X]\s*(\d+)$/.exec(text);
  if (match === null) throw bad(`Line ${line}: The size must be width x height in pixels, for example 320x192.`);
  return { width: Number(match[1]), height: Number(match[2]) };
}

function checked(row: Record<string, unknown>, line: number): GenerationRequest {
  const request = generationRequestSchema.safeParse(row);
  if (request.success) return request.data;
  throw bad(`Line ${line}: ${request.error.issues[0]?.message ?? "This is not understood."}`);
}

const bad = (sentence: string): StudioError => new StudioError("BAD_REQUEST", sentence);
