/** Wall seconds by phase. */
export class Clock {
  readonly seconds: Record<string, number> = {};
  #last = performance.now();

  lap(phase: string): void {
    const now = performance.now();
    this.seconds[phase] = (this.seconds[phase] ?? 0) + (now - this.#last) / 1000;
    this.#last = now;
  }
}
