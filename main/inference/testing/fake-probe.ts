/*
 * A probe for tests. With PLUME_BAD_DEVICES=1 its devices are as bad as drivers get: each misbehaves in its own way, told apart by its
 * name. Only tests run it.
 */
const answer = (flopsPerSecond: number): void => {
  process.stdout.write(`${JSON.stringify({ probe: { flopsPerSecond, onnxruntime: "0.0.0-fake" } })}\n`);
};
const device = process.argv[2];
if (process.env["PLUME_BAD_DEVICES"] !== "1") {
  if (device === "cpu") answer(50e9);
  else process.stdout.write(`${JSON.stringify({ problem: "not here" })}\n`);
} else if (device === "cpu") {
  process.stderr.write("noise\n".repeat(50_000));
  process.stdout.write('{ not an answer\n{"nor": "this"}\n');
  answer(50e9);
} else if (device === "webgpu") process.abort();
else if (device === "cuda") setInterval(() => {}, 1000);
else if (device === "dml") process.stdout.write(Buffer.from([0, 255, 254, 10, 13, 0, 1, 2]));
else process.stdout.write(`${JSON.stringify({ problem: "no such backend.\nmore words" })}\n`);
