import { StudioError } from "../../core/contract/index.ts";
import type { Store } from "./store.ts";

/** Runs one request to the studio; what goes wrong is told as a notice, and never thrown. */
export async function attempt(store: Store, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const { message } = StudioError.from(cause);
    store.setState({ notice: { text: message, kind: "problem", undo: null }, announcement: message });
  }
}
