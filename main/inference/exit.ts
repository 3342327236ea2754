import { StudioError } from "../../core/contract/index.ts";
import { outOfMemory } from "./serve.ts";

/** What is known about an engine that is no more. */
export interface Death {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** End of what it printed. */
  readonly output: string;
  /** Resident memory at its last heartbeat, bytes. */
  readonly rss: number;
  /** Memory the system had left at its last heartbeat, bytes. */
  readonly available: number;
  /** Memory of this computer or container, bytes. */
  readonly total: number;
  /** Processes that the kernel's out-of-memory killer took during the engine's life (memory-kills.ts). */
  readonly memoryKills: number;
}

/**
 * Why the engine died, as far as it can be known. The kernel's out-of-memory killer leaves no note but its count: SIGKILL after that
 * rose, while the engine held more than half of the memory, or while less than a twentieth was left, is taken for it (a heartbeat
 * can be too old to show a sudden rise). An allocation refused inside native code
 * ends in SIGABRT with `bad_alloc` printed; V8's own heap limit prints "heap out of memory". Pure.
 */
export function explainDeath(death: Death): StudioError {
  const how = death.signal === null ? `exit code ${death.code}` : `signal ${death.signal}`;
  const detail = `${how}; memory held ${mib(death.rss)} of ${mib(death.total)}\n${death.output}`.trim();
  const short = death.rss > death.total / 2 || death.available < death.total / 20;
  const said = /bad_alloc|heap out of memory|failed to allocate memory/i.test(death.output);
  const struck = death.signal === "SIGKILL" || death.signal === "SIGABRT" || death.code === 134 || death.code === 137;
  const taken = death.signal === "SIGKILL" && death.memoryKills > 0;
  if (said || taken || (struck && short)) return outOfMemory(detail);
  if (death.signal === "SIGKILL" || death.signal === "SIGTERM")
    return new StudioError(
      "ENGINE_CRASHED",
      "The engine was ended from outside while it worked: try the clip again.",
      detail,
    );
  return new StudioError(
    "ENGINE_CRASHED",
    "The engine stopped unexpectedly: try the clip again, and if it happens twice, report it with its details.",
    detail,
  );
}

const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
