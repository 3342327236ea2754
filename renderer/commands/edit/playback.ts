import { endOfPlaced } from "../../../core/timeline/index.ts";
import type { Flicks } from "../../../core/time/index.ts";
import type { Transport } from "../../state/transport.ts";
import type { CommandContext } from "../command.ts";
import { showsSource } from "./viewer.ts";
import { documentOf, editGroup, editTimes, framesFrom, hasClips, reveal, say, seek, selected } from "./helpers.ts";

const step = (frames: number) => (context: CommandContext) => {
  if (showsSource(context)) return context.sourceTransport.step(frames);
  context.transport.pause();
  seek(context, Math.max(0, framesFrom(context, context.transport.time, frames)));
};

/** What is played: the timeline, or the source while the viewer shows it. */
const reel = (context: CommandContext): Transport =>
  showsSource(context) ? context.sourceTransport : context.transport;

function goTo(context: CommandContext, time: Flicks): void {
  if (showsSource(context)) context.sourceTransport.seek(time);
  else seek(context, time);
}

const toEdit = (direction: 1 | -1) => (context: CommandContext) => {
  const { time } = context.transport;
  const times = editTimes(documentOf(context));
  const next = direction === 1 ? times.find((each) => each > time) : times.findLast((each) => each < time);
  if (next !== undefined) seek(context, next);
};

/** With K held J and L go slowly, one press a frame. */
const shuttle = (direction: 1 | -1) => (context: CommandContext) => {
  const slow = context.held.has("KeyK");
  if (!context.repeats || slow) reel(context).shuttle(direction, slow);
};

export const playbackCommands = editGroup("Play", [
  {
    id: "play.toggle",
    title: "Play or pause",
    keys: ["Space"],
    run: (context) => reel(context).toggle(),
  },
  { id: "play.back", title: "Play backwards, faster each time", keys: ["KeyJ"], repeats: true, run: shuttle(-1) },
  { id: "play.stop", title: "Stop", keys: ["KeyK"], run: (context) => reel(context).pause() },
  { id: "play.forward", title: "Play, faster each time", keys: ["KeyL"], repeats: true, run: shuttle(1) },
  { id: "play.frame-back", title: "One frame back", keys: ["ArrowLeft"], repeats: true, run: step(-1) },
  { id: "play.frame-on", title: "One frame on", keys: ["ArrowRight"], repeats: true, run: step(1) },
  { id: "play.frames-back", title: "Ten frames back", keys: ["Shift+ArrowLeft"], repeats: true, run: step(-10) },
  { id: "play.frames-on", title: "Ten frames on", keys: ["Shift+ArrowRight"], repeats: true, run: step(10) },
  { id: "play.previous-edit", title: "Previous edit", keys: ["ArrowUp"], repeats: true, run: toEdit(-1) },
  { id: "play.next-edit", title: "Next edit", keys: ["ArrowDown"], repeats: true, run: toEdit(1) },
  { id: "play.start", title: "Go to the start", keys: ["Home"], run: (context) => goTo(context, 0) },
  {
    id: "play.end",
    title: "Go to the end",
    keys: ["End"],
    run: (context) => goTo(context, reel(context).state.duration),
  },
  {
    id: "play.loop",
    title: "Loop",
    keys: ["Mod+Shift+KeyL"],
    run: (context) => reel(context).setLoop(!reel(context).state.loop),
  },
]);

export const markCommands = editGroup("In and out", [
  { id: "mark.in", title: "Mark in", keys: ["KeyI"], run: (context) => reel(context).setIn() },
  { id: "mark.out", title: "Mark out", keys: ["KeyO"], run: (context) => reel(context).setOut() },
  {
    id: "mark.clear",
    title: "Clear in and out",
    keys: ["Mod+Shift+KeyX"],
    presets: { resolve: ["Alt+KeyX"], fcp: ["Alt+KeyX"] },
    run: (context) => reel(context).clearMarks(),
  },
  {
    id: "mark.go-in",
    title: "Go to in",
    keys: ["Shift+KeyI"],
    run(context) {
      reel(context).goToIn();
      if (!showsSource(context)) reveal(context, context.transport.time);
    },
  },
  {
    id: "mark.go-out",
    title: "Go to out",
    keys: ["Shift+KeyO"],
    run(context) {
      reel(context).goToOut();
      if (!showsSource(context)) reveal(context, context.transport.time);
    },
  },
  {
    id: "mark.clip",
    title: "Mark the selected clips",
    keys: ["KeyX"],
    when: hasClips,
    run(context) {
      const items = selected(context).map(({ item }) => item);
      context.transport.setIn(Math.min(...items.map(({ start }) => start)));
      context.transport.setOut(framesFrom(context, Math.max(...items.map(endOfPlaced)), -1));
      say(context, "Marked the selected clips.");
    },
  },
]);
