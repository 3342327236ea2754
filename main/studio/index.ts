export { createStudio } from "./create-studio.ts";
export type * from "./studio.ts";
export { defaultRange } from "./animate/resolve-animation.ts";
export { writeText } from "./files.ts";
export { openQueueAccess, type QueueAccess } from "./queue-access.ts";
