import { contract, type Input, type Method, StudioError } from "../../core/contract/index.ts";

/** Errors: BAD_REQUEST with the first sentence that the schema has to say. */
export function parseInput<M extends Method>(method: M, input: unknown): Input<M> {
  const parsed = contract[method].input.safeParse(input);
  if (parsed.success) return parsed.data as Input<M>;
  const first = parsed.error.issues[0]?.message ?? "";
  throw new StudioError(
    "BAD_REQUEST",
    // The schemas' own sentences say what to do; the validator's ("Invalid input: …", "Unrecognized key …") only what is wrong.
    /^(Invalid|Unrecognized|Too|Expected)\b/.test(first) ? "The request does not make sense: check its fields." : first,
    parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n"),
  );
}
