import { hummingbirdFamily } from "../hummingbird/family.ts";
import type { ModelFamily } from "./family.ts";

/** Every family that can be installed; the first that owns a file takes it. */
export const families: readonly ModelFamily[] = [hummingbirdFamily];
