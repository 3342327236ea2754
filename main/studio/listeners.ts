import type { StudioEvent } from "../../core/contract/index.ts";

/** Who hears of the studio's events. */
export class Listeners {
  private readonly all = new Set<(event: StudioEvent) => void>();
  private readonly log: (line: string) => void;

  constructor(log: (line: string) => void) {
    this.log = log;
  }

  /** `hello` reaches the new listener before this returns, then each event in order. Returns a function that removes it. */
  add(listener: (event: StudioEvent) => void, hello: StudioEvent): () => void {
    this.all.add(listener);
    this.deliver(listener, hello);
    return () => void this.all.delete(listener);
  }

  tell(event: StudioEvent): void {
    for (const listener of this.all) this.deliver(listener, event);
  }

  clear(): void {
    this.all.clear();
  }

  /** A listener that throws disturbs nobody else. */
  private deliver(listener: (event: StudioEvent) => void, event: StudioEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.log(`a listener failed: ${String(error)}`);
    }
  }
}
