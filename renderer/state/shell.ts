import { shellWishSchema, type StudioBridge } from "../../core/contract/index.ts";
import { runCommand } from "../commands/dispatch.ts";
import { command, commands } from "../commands/index.ts";
import { menusOf } from "../commands/menus.ts";
import type { Studio } from "./context.ts";

/** Connects the window with the desktop around it: the menu bar shows its commands and does them, projects are opened from outside. */
export function connectShell(studio: Studio, bridge: StudioBridge): () => void {
  const show = () => bridge.showMenus(menusOf(commands, studio.keymap.getState()));
  show();
  const stopShowing = studio.keymap.subscribe(show);
  const stopListening = bridge.listenShell((data) => {
    const wish = shellWishSchema.safeParse(data);
    if (!wish.success) return;
    if (wish.data.type === "command") {
      const { id } = wish.data;
      if (commands.some((each) => each.id === id)) runCommand(studio, command(id));
    } else if (wish.data.type === "open-project") {
      studio.editUi.setState({ workspace: "edit" });
      void studio.project.open(wish.data.id);
    } else {
      const { sentence, kind } = wish.data;
      studio.store.setState({ notice: { text: sentence, kind, undo: null }, announcement: sentence });
    }
  });
  return () => {
    stopShowing();
    stopListening();
  };
}
