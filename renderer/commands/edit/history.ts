import { editGroup } from "./helpers.ts";

export const historyCommands = editGroup("Project", [
  { id: "history.undo", title: "Undo", keys: ["Mod+KeyZ"], repeats: true, run: ({ project }) => project.undo() },
  {
    id: "history.redo",
    title: "Redo",
    keys: ["Mod+Shift+KeyZ", "Mod+KeyY"],
    repeats: true,
    run: ({ project }) => project.redo(),
  },
]);
