import type { Device, Plan, PlanWish } from "../../core/contract/index.ts";
import type { Studio } from "../studio/index.ts";
import { bytes, duration, type Output } from "./output.ts";

/** `plume doctor`: what a clip needs, what can compute, and what every model takes at every size that it offers. */
export async function doctor(studio: Studio, output: Output): Promise<void> {
  const findings = await studio.diagnose();
  const devices = await studio.call("planner.devices", {});
  const wishes = (await studio.call("models.list", {})).flatMap(({ id, sizes, vision, animation }) =>
    vision === undefined
      ? sizes.map(({ width, height }): PlanWish => {
          const request = { model: id, width, height };
          return animation === undefined ? { kind: "generate", request } : { kind: "animate", request };
        })
      : [],
  );
  const plans: Plan[] = [];
  for (const wish of wishes) plans.push(...(await studio.call("planner.plan", { wishes: [wish] })));
  const lines = [
    ...findings.map(({ ok, sentence }) => `${ok ? "ok  " : "FAIL"}  ${sentence}`),
    ...devices.map(deviceLine),
    ...plans.map(planLine),
  ];
  output.result(
    { findings, devices, plans },
    lines.join("\n"),
    findings.every(({ ok }) => ok),
  );
}

/** A device that cannot be used is no fault: models run on the processor. */
function deviceLine({ name, gflops, reason, used }: Device): string {
  if (reason !== null) return `-     ${reason}`;
  const speed = gflops === null ? "" : `, ${gflops.toFixed(0)} GFLOP/s in a matrix product`;
  return `ok    ${name}: works${speed}${used ? "" : "; models do not run there in this version"}.`;
}

function planLine(plan: Plan): string {
  const time = plan.seconds === null ? "" : `, about ${duration(plan.seconds * 1000)} (${plan.basis})`;
  const clip = `${plan.model} ${plan.width}×${plan.height}, ${plan.frames} frames on ${plan.device}`;
  if (plan.fits) return `ok    ${clip}: ${bytes(plan.memoryBytes)} of memory${time}.`;
  const advice = plan.advice.length === 0 ? "" : ` What fits: ${plan.advice.map(({ text }) => text).join(" or ")}.`;
  return `-     ${clip}: ${plan.reason ?? ""}${advice}`;
}
