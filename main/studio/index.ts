export { createStudio } from "./create-studio.ts";
export type * from "./studio.ts";
