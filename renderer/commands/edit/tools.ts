import { FLICKS_PER_SECOND } from "../../../core/time/index.ts";
import type { EditUi, Tool } from "../../state/edit-ui.ts";
import { fitted, zoomedAt } from "../../timeline/geometry.ts";
import type { CommandContext } from "../command.ts";
import { documentOf, editGroup, say } from "./helpers.ts";

const choose = (tool: Tool, name: string) => (context: CommandContext) => {
  context.editUi.setState({ tool });
  say(context, `${name} tool.`);
};

const toggle = (key: "snapping" | "linkedSelection", name: string) => (context: CommandContext) => {
  const on = !context.editUi.getState()[key];
  context.editUi.setState({ [key]: on });
  say(context, `${name} ${on ? "on" : "off"}.`);
};

/** Letters of Premiere; of Resolve and Final Cut where those differ. */
export const toolCommands = editGroup("Tools", [
  {
    id: "tool.select",
    title: "Select tool",
    keys: ["KeyV"],
    presets: { resolve: ["KeyA"], fcp: ["KeyA"] },
    run: choose("select", "Select"),
  },
  {
    id: "tool.trim",
    title: "Trim tool: ripple, roll, slip, slide by place",
    keys: ["KeyT"],
    run: choose("trim", "Trim"),
  },
  {
    id: "tool.blade",
    title: "Blade",
    keys: ["KeyC"],
    presets: { resolve: ["KeyB"], fcp: ["KeyB"] },
    run: choose("blade", "Blade"),
  },
  {
    id: "tool.ripple",
    title: "Ripple tool",
    keys: ["KeyB"],
    presets: { resolve: [], fcp: [] },
    run: choose("ripple", "Ripple"),
  },
  {
    id: "tool.roll",
    title: "Roll tool",
    keys: ["KeyN"],
    presets: { resolve: [], fcp: [] },
    run: choose("roll", "Roll"),
  },
  {
    id: "tool.slip",
    title: "Slip tool",
    keys: ["KeyY"],
    presets: { resolve: [], fcp: [] },
    run: choose("slip", "Slip"),
  },
  { id: "tool.slide", title: "Slide tool", keys: ["KeyU"], presets: { fcp: [] }, run: choose("slide", "Slide") },
  {
    id: "tool.track-select",
    title: "Track select forward",
    keys: ["KeyA"],
    presets: { resolve: ["KeyY"], fcp: [] },
    run: choose("track-select", "Track select"),
  },
  {
    id: "tool.snap",
    title: "Snapping",
    keys: ["KeyS"],
    presets: { resolve: ["KeyN"], fcp: ["KeyN"] },
    run: toggle("snapping", "Snapping"),
  },
  {
    id: "tool.link",
    title: "Linked selection",
    keys: ["Mod+KeyL"],
    run: toggle("linkedSelection", "Linked selection"),
  },
]);

const viewOf = ({ zoom, scroll, timelineWidth }: EditUi) => ({ zoom, scroll, width: timelineWidth });

/** Zooms around the playhead where it is in sight, else around the middle. */
const zoom = (factor: number) => (context: CommandContext) => {
  const view = viewOf(context.editUi.getState());
  const { time } = context.transport;
  const x = 12 + ((time - view.scroll) / FLICKS_PER_SECOND) * view.zoom;
  const { rate } = documentOf(context).settings;
  const next = zoomedAt(view, factor, x >= 0 && x <= view.width ? x : view.width / 2, rate);
  context.editUi.setState({ zoom: next.zoom, scroll: next.scroll });
};

const scrollBy = (share: number) => (context: CommandContext) => {
  const { zoom: pixels, scroll, timelineWidth } = context.editUi.getState();
  const by = Math.round(((timelineWidth * share) / pixels) * FLICKS_PER_SECOND);
  context.editUi.setState({ scroll: Math.max(0, scroll + by) });
};

export const viewCommands = editGroup("View", [
  { id: "view.zoom-in", title: "Zoom in", keys: ["Equal", "NumpadAdd"], repeats: true, run: zoom(1.5) },
  { id: "view.zoom-out", title: "Zoom out", keys: ["Minus", "NumpadSubtract"], repeats: true, run: zoom(1 / 1.5) },
  {
    id: "view.fit",
    title: "Fit the timeline",
    keys: ["Backslash", "Shift+KeyZ"],
    run(context) {
      const { rate } = documentOf(context).settings;
      const next = fitted(viewOf(context.editUi.getState()), context.transport.state.duration, rate);
      context.editUi.setState({ zoom: next.zoom, scroll: next.scroll });
    },
  },
  { id: "view.scroll-left", title: "Scroll back", keys: ["PageUp"], repeats: true, run: scrollBy(-0.5) },
  { id: "view.scroll-right", title: "Scroll on", keys: ["PageDown"], repeats: true, run: scrollBy(0.5) },
  {
    id: "view.ruler",
    title: "Ruler: timecode or bars and beats",
    keys: ["Shift+KeyB"],
    run(context) {
      const ruler = context.editUi.getState().ruler === "bars" ? "timecode" : "bars";
      context.editUi.setState({ ruler });
      say(context, ruler === "bars" ? "The ruler shows bars and beats." : "The ruler shows timecode.");
    },
  },
]);
