import { pickFiles } from "../../state/pick-files.ts";
import { isChanged, isMissing } from "../../bin/items.ts";
import type { CommandContext } from "../command.ts";
import { editGroup } from "./helpers.ts";

const bring =
  (what: "files" | "folder") =>
  ({ exchange, media }: CommandContext): void =>
    void pickFiles(what)
      .then((files) => exchange.take(files))
      .then((files) => media.importFiles(files));

const missing = ({ project, mediaStatus }: CommandContext) => {
  const status = mediaStatus.store.getState();
  return Object.values(project.store.getState().document.media).filter(({ id }) => isMissing(status[id]));
};

const changed = ({ project, mediaStatus }: CommandContext) => {
  const status = mediaStatus.store.getState();
  return Object.values(project.store.getState().document.media).filter((media) => isChanged(media, status[media.id]));
};

const locate =
  (what: "files" | "folder") =>
  (context: CommandContext): void =>
    void pickFiles(what).then((files) => context.media.locate(missing(context), files));

export const mediaCommands = editGroup("Media", [
  { id: "media.import", title: "Import files …", keys: ["Mod+KeyI"], run: bring("files") },
  { id: "media.import-folder", title: "Import a folder …", keys: ["Mod+Shift+KeyI"], run: bring("folder") },
  {
    id: "media.locate",
    title: "Locate missing files …",
    keys: [],
    when: (context) => missing(context).length > 0,
    run: locate("files"),
  },
  {
    id: "media.locate-folder",
    title: "Locate missing files in a folder …",
    keys: [],
    when: (context) => missing(context).length > 0,
    run: locate("folder"),
  },
  {
    id: "media.take-changes",
    title: "Use changed files as they are now",
    keys: [],
    when: (context) => changed(context).length > 0,
    run: (context) => void context.media.takeChanges(changed(context).map(({ id }) => id)),
  },
]);
