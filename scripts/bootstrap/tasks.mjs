import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fail, hashOf, quietly, root, run, say, whenChanged } from "./process.mjs";

const bin = (name, entry) => join(root, "node_modules", name, entry);
const node = (args, options) => run(process.execPath, args, options);
const tools = {
  tsc: bin("typescript", "bin/tsc"),
  oxlint: bin("oxlint", "bin/oxlint"),
  biome: bin("@biomejs/biome", "bin/biome"),
  vite: bin("vite", "bin/vite.js"),
  vitest: bin("vitest", "vitest.mjs"),
};

/** Builds the renderer into dist/renderer when its sources changed since the last build. */
async function build() {
  const sources = ["renderer", "core", "main", "assets/icons", "vite.config.ts", "package-lock.json"];
  await whenChanged("dist/.renderer", hashOf(sources), () => {
    say("Building the window …");
    if (!quietly(process.execPath, [tools.vite, "build", "--logLevel", "warn"])) fail("The window could not be built.");
  });
  return 0;
}

/** Style, correctness, formatting, the dependency rules of the architecture, and that controls say why they are off; stops at the first that fails. */
async function lint() {
  return (
    (await node([tools.oxlint, "--type-aware", "--quiet"])) ||
    (await node([tools.biome, "format", "."])) ||
    (await node(["scripts/check-boundaries.ts"])) ||
    (await node(["scripts/check-off.ts"]))
  );
}

const typecheck = () => node([tools.tsc, "-p", "."]);

/**
 * Lint and types are the first two checks of the count that closes the run, so that "0 failed" means all of it.
 * With arguments (file names, -t NAME) only those tests run.
 */
async function test(args) {
  await build();
  const checks = args.length > 0 ? [] : [await lint(), await typecheck()];
  const folder = join(root, ".cache");
  mkdirSync(folder, { recursive: true });
  const report = join(folder, "vitest.json");
  rmSync(report, { force: true });
  const code = await node([
    tools.vitest,
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...args,
  ]);
  if (!existsSync(report)) fail("The test runner ended without a report.");
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites, success } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  // A file that cannot even be loaded has no tests to count; it must not look like success.
  const broken = numFailedTests === 0 && (code !== 0 || !success) ? Math.max(1, numFailedTestSuites) : 0;
  const failed = numFailedTests + broken + checks.filter((check) => check !== 0).length;
  const passed = numPassedTests + checks.filter((check) => check === 0).length;
  process.stdout.write(`\n${passed} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped\n`);
  return failed === 0 && passed > checks.length ? 0 : 1;
}

/** What `npm start`, `npm test` and `npm run …` do once Node and the packages are there. Each resolves with an exit code. */
export const tasks = {
  build,
  lint,
  typecheck,
  test,
  /** `notElectron`: why Electron is not to be used, or null. */
  start: async (args, notElectron = null) => {
    await build();
    return node(["main/start.ts", ...args], { env: { ...process.env, PLUME_NOT_ELECTRON: notElectron ?? "" } });
  },
  parity: (args) => node(["test/parity/run.ts", ...args]),
  bench: (args) => node(["test/bench/run.ts", ...args]),
  fuzz: (args) => node(["test/fuzz/fuzz.ts", ...args]),
  scan: () => node(["scripts/scan-electron.ts"]),
  pack: async (args) => {
    await build();
    return node(["scripts/pack/run.ts", ...args]);
  },
  "pack:check": () => test(["test/package"]),
};
