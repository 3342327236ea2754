export { extentOf } from "./active.ts";
export { planFrame } from "./picture.ts";
export type * from "./plan.ts";
export { gainOf, planSound, voicesIn } from "./sound.ts";
