import { env } from "onnxruntime-node";

/** Version of the onnxruntime that runs the graphs; importing this also shows whether it works on this machine at all. */
export const onnxruntimeVersion: string = env.versions.node ?? env.versions.common;
