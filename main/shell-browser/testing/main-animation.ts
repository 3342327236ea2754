/**
 * The browser shell over the real studio, whose engine is the fake one: everything is as in the app but the networks. Installs the
 * fake models into PLUME_HOME first. For tests of the window, and to work on it.
 */
import { createStudio } from "../../studio/create-studio.ts";
import { chooseFolders } from "../../studio/folders.ts";
import { fakeCosts, fakeEntry, fakeProbe, installFake, readFake } from "../../studio/testing.ts";
import { runBrowserShell } from "../run.ts";

const folders = await chooseFolders();
for (const id of ["fake", "motion", ...(process.env["PLUME_FAKE_EYES"] ? ["eyes"] : [])])
  await installFake(folders.home, id);
const code = await runBrowserShell(
  process.argv.slice(2),
  () =>
    createStudio(
      {
        appVersion: "test",
        queue: "journal",
        ...(process.env["PLUME_DEBUG"] ? { log: (line: string) => void process.stderr.write(`${line}\n`) } : {}),
      },
      { engineEntry: fakeEntry, readPack: readFake, bundled: [], readCosts: fakeCosts, probeEntry: fakeProbe },
    ),
  folders.home,
);
process.exit(code);
