/** The browser shell over the real studio with another catalogue, that of PLUME_TEST_CATALOGUE: for tests of the model store. */
import { createStudio } from "../../studio/create-studio.ts";
import { runBrowserShell } from "../run.ts";

process.exit(
  await runBrowserShell(
    process.argv.slice(2),
    () =>
      createStudio(
        {
          appVersion: "test",
          queue: "journal",
          log: (line) => void process.stderr.write(`${line}\n`),
        },
        {
          // What ships is installed in other tests; here it would only take time.
          bundled: [],
          measuresInt8: false,
          catalogue: process.env["PLUME_TEST_CATALOGUE"] ?? "",
          pace: { pieceBytes: 2 ** 20, backOff: { tries: 100, firstMs: 20, mostMs: 200 } },
        },
      ),
    process.env["PLUME_HOME"] ?? "",
  ),
);
