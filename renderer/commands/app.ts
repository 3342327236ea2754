import type { Command, CommandContext } from "./command.ts";

/** The commands that work in every workspace. */

const isEditing = ({ editUi }: CommandContext): boolean => editUi.getState().workspace !== "create";

export const appCommands: readonly Command[] = [
  {
    id: "app.palette",
    title: "Command palette",
    group: "Everywhere",
    scope: "all",
    keys: ["Mod+KeyP"],
    inText: true,
    run: ({ editUi }) => editUi.setState({ sheet: "palette" }),
  },
  {
    id: "app.shortcuts",
    title: "This sheet",
    group: "Everywhere",
    scope: "all",
    keys: ["=?"],
    run: ({ actions }) => actions.showShortcuts(true),
  },
  {
    id: "app.create",
    title: "Go to Create",
    group: "Everywhere",
    scope: "all",
    keys: ["Alt+Digit1"],
    inText: true,
    run: ({ editUi }) => editUi.setState({ workspace: "create" }),
  },
  {
    id: "app.edit",
    title: "Go to Edit",
    group: "Everywhere",
    scope: "all",
    keys: ["Alt+Digit2"],
    inText: true,
    run: ({ editUi }) => editUi.setState({ workspace: "edit" }),
  },
  {
    id: "app.export",
    title: "Go to Export",
    group: "Everywhere",
    scope: "all",
    keys: ["Mod+KeyE", "Alt+Digit3"],
    inText: true,
    run: ({ editUi }) => editUi.setState({ workspace: "export" }),
  },
  {
    id: "app.models",
    title: "Go to Models",
    group: "Everywhere",
    scope: "all",
    keys: ["Alt+Digit4"],
    inText: true,
    run: ({ editUi }) => editUi.setState({ workspace: "models" }),
  },
  {
    id: "app.queue-pause",
    title: "Pause or resume the running job",
    group: "Everywhere",
    scope: "all",
    keys: ["Mod+Period"],
    inText: true,
    when: ({ store }) => store.getState().jobs.some(canPause),
    run({ store, actions }) {
      const job = store.getState().jobs.find(canPause);
      if (job?.state === "paused") void actions.animations.resume(job.id);
      else if (job !== undefined) void actions.animations.pause(job.id);
    },
  },
  {
    id: "project.save",
    title: "Save the project now",
    group: "Project",
    scope: "all",
    keys: ["Mod+KeyS"],
    inText: true,
    when: (context) => isEditing(context) && context.project.store.getState().state !== null,
    run: ({ project }) => void project.save(),
  },
  {
    id: "project.history",
    title: "Show or hide the history",
    group: "Project",
    scope: "edit",
    keys: ["Mod+KeyH"],
    run: ({ editUi }) => editUi.setState({ showsHistory: !editUi.getState().showsHistory }),
  },
];

const canPause = ({ state }: { readonly state: string }): boolean => state === "running" || state === "paused";
