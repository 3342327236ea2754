export { extentOf } from "./active.ts";
export { withoutHidden } from "./hidden.ts";
export { ownerOf, picturesIn, planFrame } from "./picture.ts";
export { PLAIN_LOOK } from "./plain.ts";
export type * from "./plan.ts";
export { gainOf, planSound, voicesIn } from "./sound.ts";
export { type SubjectWant, subjectWants } from "./subjects.ts";
