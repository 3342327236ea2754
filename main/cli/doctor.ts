import {
  type DeviceId,
  type ModelSummary,
  type Plan,
  type PlanWish,
  PROCESSOR_ONLY,
  SEGMENT_FRAMES,
} from "../../core/contract/index.ts";
import type { Studio } from "../studio/index.ts";
import { deviceLine, memoryLines } from "./computer.ts";
import { bytes, duration, type Output } from "./output.ts";

/** Lengths that are told beside a model's own, frames. */
const CLIP_LENGTHS = [8, 16, 24];
/** Segments of an animation: 2 and 10 seconds. */
const ANIMATION_LENGTHS = [SEGMENT_FRAMES, 5 * SEGMENT_FRAMES];

/** `plume doctor`: what a clip needs, what can compute, and what every model takes at every size and length on every device. */
export async function doctor(studio: Studio, output: Output): Promise<void> {
  const findings = await studio.diagnose();
  const computer = await studio.call("planner.computer", {});
  const { devices } = computer;
  const models = await studio.call("models.list", {});
  const working = devices.filter(({ works }) => works).map(({ id }) => id);
  const plans: Plan[] = [];
  for (const wish of models.flatMap((model) => wishesOf(model, working)))
    plans.push(...(await studio.call("planner.plan", { wishes: [wish] })));
  const lines = [
    ...findings.map(({ ok, sentence }) => `${ok ? "ok  " : "FAIL"}  ${sentence}`),
    ...memoryLines(computer).map((line) => `ok    ${line}`),
    ...devices.map((device) => `${device.works ? "ok  " : "-   "}  ${deviceLine(device)}`),
    `ok    ${PROCESSOR_ONLY}`,
    ...plansByPlace(plans).flatMap(planLines),
  ];
  output.result(
    { findings, devices, settings: computer.settings, memory: computer.memory, processorOnly: PROCESSOR_ONLY, plans },
    lines.join("\n"),
    findings.every(({ ok }) => ok),
  );
}

function wishesOf({ id, sizes, defaults, vision, animation }: ModelSummary, devices: readonly DeviceId[]): PlanWish[] {
  if (vision !== undefined) return [];
  const lengths = animation
    ? ANIMATION_LENGTHS
    : [...new Set([...CLIP_LENGTHS, defaults.frames])].sort((a, b) => a - b);
  return devices.flatMap((device) =>
    sizes.flatMap(({ width, height }) =>
      lengths.map((frames): PlanWish => {
        const request = { model: id, width, height, frames };
        // Only the processor has the kernels of int8.
        return animation
          ? { kind: "animate", device, request }
          : { kind: "generate", device, request: device === "cpu" ? request : { ...request, precision: "fp32" } };
      }),
    ),
  );
}

/** Plans that differ in length alone, together. */
function plansByPlace(plans: readonly Plan[]): Plan[][] {
  const places = new Map<string, Plan[]>();
  for (const plan of plans) {
    const place = `${plan.model} ${plan.width}×${plan.height} ${plan.device}`;
    places.set(place, [...(places.get(place) ?? []), plan]);
  }
  return [...places.values()];
}

/** "ok    starter 256×256 on cpu: 8 frames 300 MB, about 3 s; 16 frames 400 MB, about 6 s (scaled)." */
function planLines(plans: readonly Plan[]): string[] {
  const [{ model, width, height, device }] = plans as [Plan, ...Plan[]];
  const clip = `${model} ${width}×${height} on ${device}`;
  const fitting = plans.filter(({ fits }) => fits);
  const bases = [...new Set(fitting.flatMap(({ basis }) => basis ?? []))].join(", ");
  const told = fitting.map(({ frames, memoryBytes, seconds }) => {
    const time = seconds === null ? "" : `, about ${duration(seconds * 1000)}`;
    return `${frames} frames ${bytes(memoryBytes)}${time}`;
  });
  const refused = plans.filter(({ fits }) => !fits);
  return [
    ...(told.length === 0 ? [] : [`ok    ${clip}: ${told.join("; ")}${bases === "" ? "" : ` (${bases})`}.`]),
    ...refused.map(({ frames, reason, advice }) => {
      const what = advice.length === 0 ? "" : ` What fits: ${advice.map(({ text }) => text).join(" or ")}.`;
      return `-     ${clip}, ${frames} frames: ${reason}${what}`;
    }),
  ];
}
