/*
 * A probe for tests. PLUME_FAKE_DEVICES says what onnxruntime offers and how each device behaves, as JSON: {"webgpu": {"speed": 100e9,
 * "trial": 0.001}}. Words instead of numbers are ways to misbehave: abort, hang, garbage, noise, refuse. Without it there is a processor
 * alone. Only tests run it.
 */
import { writeSync } from "node:fs";

type Behaviour = number | "abort" | "hang" | "garbage" | "noise" | "refuse";

const devices = JSON.parse(process.env["PLUME_FAKE_DEVICES"] ?? '{"cpu": {"speed": 50e9}}') as Record<
  string,
  { readonly speed: Behaviour; readonly trial?: Behaviour; readonly bundled?: boolean }
>;
const say = (answer: unknown): void => void writeSync(1, `\n${JSON.stringify(answer)}\n`);

function behave(behaviour: Behaviour, answer: (value: number) => unknown): void {
  if (typeof behaviour === "number") say(answer(behaviour));
  else if (behaviour === "abort") process.abort();
  else if (behaviour === "hang") setInterval(() => {}, 1000);
  else if (behaviour === "garbage") writeSync(1, Buffer.from([0, 255, 254, 10, 13, 0, 1, 2]));
  else if (behaviour === "refuse") say({ problem: "no such backend.\nmore words" });
  else {
    process.stderr.write("noise\n".repeat(50_000));
    writeSync(1, '{ not an answer\n{"nor": "this"}\n');
    say(answer(50e9));
  }
}

const [device = "cpu", , folder] = process.argv.slice(2);
if (device === "list") {
  // With one that this studio does not know.
  const offered = Object.entries(devices).map(([id, { bundled = true }]) => ({ id, bundled }));
  say({ offered: [...offered, { id: "tensorrt", bundled: false }] });
} else if (folder === undefined)
  behave(devices[device]?.speed ?? "refuse", (flopsPerSecond) => ({ probe: { flopsPerSecond, onnxruntime: "fake" } }));
else behave(devices[device]?.trial ?? 0.0001, (difference) => ({ difference }));
