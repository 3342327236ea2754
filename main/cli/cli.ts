import { EXIT } from "./output.ts";
import { run } from "./program.ts";

const cancel = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(name, () => {
    // Somebody who asks twice does not want to wait; children notice that we are gone and end by themselves.
    if (cancel.signal.aborted) process.exit(EXIT.cancelled);
    cancel.abort();
  });
// `plume … | head` closes stdout early: no reason for a stack trace.
process.stdout.on("error", () => {});

process.exitCode = await run(process.argv.slice(2), cancel.signal);
// Normally nothing is left to wait for. Should something keep the process alive, it is not the user's problem.
setTimeout(() => process.exit(), 5000).unref();
