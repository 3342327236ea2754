/** Restarts within this time that are still taken for bad luck. */
const MANY = 3;
const WITHIN_MS = 5 * 60_000;

/** Decides whether something that died is started again, or has died too often for that. */
export class Restarts {
  private times: number[] = [];

  /** @param now milliseconds */
  mayRestart(now: number): boolean {
    this.times = [...this.times.filter((time) => now - time < WITHIN_MS), now];
    return this.times.length <= MANY;
  }
}
