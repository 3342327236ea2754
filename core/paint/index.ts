export type * from "./canvas.ts";
export { MaskPictures } from "./mask-pictures.ts";
export { paintFrame } from "./paint-frame.ts";
export { layoutText, type TextLayout } from "./text.ts";
