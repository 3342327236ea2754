import type { CommandContext } from "../command.ts";
import { editGroup, say } from "./helpers.ts";

/** True while the viewer shows a source: what plays and marks then means the source. */
export const showsSource = ({ editUi, viewerUi }: CommandContext): boolean =>
  editUi.getState().source !== null && viewerUi.getState().tab === "source";

export const viewerCommands = editGroup("Viewer", [
  {
    id: "viewer.fit",
    title: "Show the whole frame",
    keys: ["Shift+Digit1"],
    run: ({ viewerUi }) => viewerUi.setState({ zoom: "fit" }),
  },
  {
    id: "viewer.actual-size",
    title: "Show the frame pixel for pixel",
    keys: ["Shift+Digit2"],
    run: ({ viewerUi }) => viewerUi.setState({ zoom: 1 }),
  },
  {
    id: "viewer.safe-areas",
    title: "Safe areas",
    keys: ["Shift+Digit3"],
    run: (context) => {
      const safeAreas = !context.viewerUi.getState().safeAreas;
      context.viewerUi.setState({ safeAreas });
      say(context, safeAreas ? "Safe areas are shown." : "Safe areas are hidden.");
    },
  },
  {
    id: "viewer.full-screen",
    title: "Full screen",
    keys: ["Backquote"],
    run: () => {
      if (document.fullscreenElement !== null) void document.exitFullscreen();
      else void document.querySelector(".viewer")?.requestFullscreen();
    },
  },
  {
    id: "viewer.stats",
    title: "Playback numbers",
    keys: ["Mod+Alt+KeyD"],
    run: ({ viewerUi }) => viewerUi.setState({ stats: !viewerUi.getState().stats }),
  },
  {
    id: "viewer.tab",
    title: "Switch between timeline and source",
    keys: ["Shift+Digit4"],
    when: ({ editUi }) => editUi.getState().source !== null,
    run: ({ viewerUi }) => viewerUi.setState({ tab: viewerUi.getState().tab === "timeline" ? "source" : "timeline" }),
  },
]);
