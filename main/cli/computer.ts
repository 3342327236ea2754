import {
  type Computer,
  type Device,
  plannerSettingsSchema,
  PROCESSOR_ONLY,
  StudioError,
} from "../../core/contract/index.ts";
import type { Studio } from "../studio/index.ts";
import { bytes, type Output } from "./output.ts";
import type { CommonOptions } from "./program.ts";

export interface ComputerOptions extends CommonOptions {
  readonly device?: string;
  readonly memory?: string;
  readonly again?: boolean;
}

/** `plume computer`: what clips are made with, and how much memory they may take; changes both. */
export async function computer(options: ComputerOptions, studio: Studio, output: Output): Promise<void> {
  const change = {
    ...(options.device === undefined ? {} : { device: deviceOf(options.device) }),
    ...(options.memory === undefined ? {} : { memoryBytes: memoryOf(options.memory) }),
  };
  if (Object.keys(change).length > 0) await studio.call("planner.configure", change);
  const found = await studio.call("planner.computer", { again: options.again === true });
  const lines = [
    `Device: ${found.settings.device === "auto" ? "automatic" : found.settings.device}.`,
    ...found.devices.map((device) => `${device.used ? "*" : " "} ${device.id.padEnd(7)} ${deviceLine(device)}`),
    PROCESSOR_ONLY,
    ...memoryLines(found),
  ];
  output.result({ ...found, processorOnly: PROCESSOR_ONLY }, lines.join("\n"));
}

/** A device that cannot be used is no fault: models run on the processor. */
export function deviceLine({ name, gflops, reason, used }: Device): string {
  if (reason !== null) return reason;
  const speed = gflops === null ? "" : `, ${gflops.toFixed(0)} GFLOP/s in a matrix product`;
  return `${name}: works${speed}${used ? "; clips are made there" : ""}.`;
}

export function memoryLines({ settings, memory }: Computer): string[] {
  const usual = settings.memoryBytes === null ? "" : `, usually ${bytes(memory.usual)}`;
  const held = memory.held === 0 ? "" : `; they hold ${bytes(memory.held)}`;
  return [
    `Models may take ${bytes(memory.limit)} of ${bytes(memory.total)} memory${usual}; ${bytes(memory.available)} could be had now${held}.`,
  ];
}

function deviceOf(word: string) {
  const device = plannerSettingsSchema.shape.device.safeParse(word);
  if (device.success) return device.data;
  throw new StudioError("BAD_REQUEST", `--device is ${plannerSettingsSchema.shape.device.options.join(", ")}.`);
}

/** "6G", "6.5 GB", "800M" or a number of bytes; "auto": the usual part. */
function memoryOf(word: string): number | null {
  if (word === "auto") return null;
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*([kmg]?)i?b?\s*$/i.exec(word) ?? [];
  const scale = { "": 1, k: 1e3, m: 1e6, g: 1e9 }[unit?.toLowerCase() ?? ""];
  if (number === undefined || scale === undefined)
    throw new StudioError("BAD_REQUEST", "--memory is a size such as 6G or 800M, or auto.");
  return Math.round(Number(number) * scale);
}
