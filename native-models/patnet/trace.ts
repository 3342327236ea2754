import type { Tensor } from "../onnx/graph.ts";

/** Told of the tensors inside, by the path of their place in the network; for comparisons with the reference. */
export type Trace = (path: string, tensor: Tensor) => void;
