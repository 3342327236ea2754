import type { ExchangeFormat } from "../../core/contract/index.ts";
import { exchangeWords } from "../export/exchange-words.ts";
import { pickFiles } from "../state/pick-files.ts";
import type { Command, CommandContext } from "./command.ts";

/** Timelines and subtitles of other programs, in and out. */

const GROUP = "Other programs";
const isEditing = ({ editUi }: CommandContext): boolean => editUi.getState().workspace !== "create";
const hasProject = (context: CommandContext): boolean =>
  isEditing(context) && context.project.store.getState().state !== null;

const open = ({ exchange, media }: CommandContext): void =>
  void pickFiles("files")
    .then((files) => exchange.take(files))
    // What is neither was chosen to be seen in the project.
    .then((others) => media.importFiles(others));

const write = (format: ExchangeFormat): Command => ({
  id: `project.write-${format}`,
  title: `Write ${exchangeWords[format].name}`,
  group: GROUP,
  scope: "all",
  keys: [],
  when: hasProject,
  run: ({ exchange }) => void exchange.write(format),
});

export const exchangeCommands: readonly Command[] = [
  {
    id: "project.open-timeline",
    title: "Open a timeline of another editor …",
    group: GROUP,
    scope: "all",
    keys: [],
    run: open,
  },
  {
    id: "project.import-subtitles",
    title: "Import subtitles …",
    group: GROUP,
    scope: "all",
    keys: [],
    when: isEditing,
    run: open,
  },
  ...(Object.keys(exchangeWords) as ExchangeFormat[]).map(write),
];
