import { hummingbirdFamily } from "../hummingbird/family.ts";
import { keyvidFamily } from "../keyvid/family.ts";
import { patnetFamily } from "../patnet/family.ts";
import type { ModelFamily } from "./family.ts";

/** Every family that can be installed; the first that owns a file takes it. A KeyVID holds all that marks a Hummingbird, and more. */
export const families: readonly ModelFamily[] = [keyvidFamily, hummingbirdFamily, patnetFamily];
