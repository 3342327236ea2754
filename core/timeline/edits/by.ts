import { timeRangeSchema } from "../schema.ts";

/** A distance in time; negative is earlier. */
export const bySchema = timeRangeSchema.unwrap().shape.start;
