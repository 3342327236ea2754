/** The text tower: prompt embeddings and the hidden states between its blocks. */
import { textGraph } from "../../../native-models/openclip/text-tower.ts";
import type { Check } from "./context.ts";
import { shapeOf, toInt64, TraceOutputs, traceName } from "./tensors.ts";

export const checkText: Check = async ({ report, tolerances, model, manifest }, file, stem) => {
  const name = `${stem}.prompt_embeds`;
  await report.guard(name, async () => {
    const golden = await model();
    const ids = await file.get("token_ids");
    const [rows, tokens] = shapeOf<[number, number]>(ids, 2, "token_ids");
    const hidden = file.tensorNames.filter((tensor) => /^hidden_after_block\d+$/u.test(tensor));
    const trace = new TraceOutputs(hidden);
    const graph = textGraph(golden.config.text, rows, (block, tensor) =>
      trace.see(`hidden_after_block${block}`, () => tensor),
    );
    trace.addTo(graph);
    const outputs = await golden.run(graph, { token_ids: toInt64(ids.data) });
    report.check(name, outputs.prompt_embeds!, (await file.get("prompt_embeds")).data, tolerances.of(name));
    // The manifest says in words which prompt the hidden states belong to.
    const row = Number(/\brow (\d+)/u.exec(manifest.files[file.name]?.what ?? "")?.[1] ?? 0);
    for (const tensor of hidden) {
      await report.guard(`${stem}.${tensor}`, async () => {
        const states = outputs[traceName(tensor)];
        if (!states) throw new Error("the text tower has no such block");
        // Before the last norm a state has a scale of its own: bounded relative to its size, like the U-Net's inner tensors.
        const bound = tolerances.of(`${stem}.${tensor}`, `unet_blocks.${tensor}`);
        const size = tokens * golden.config.text.width;
        const actual = states.subarray(row * size, (row + 1) * size);
        report.check(`${stem}.${tensor}`, actual, (await file.get(tensor)).data, bound);
      });
    }
  });
};
