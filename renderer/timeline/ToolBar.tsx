/* oxlint-disable jsx-a11y/prefer-tag-over-role -- a radio of the toolbar is a button with a picture */
import {
  ArrowLeftRight,
  ChevronsLeftRight,
  Link2,
  Magnet,
  Maximize2,
  MousePointer2,
  MoveHorizontal,
  Music,
  Redo2,
  Scissors,
  SquareDashedMousePointer,
  SquareSplitHorizontal,
  Timer,
  Undo2,
  UnfoldHorizontal,
  ZoomIn,
  ZoomOut,
} from "lucide-react";
import { Slider } from "radix-ui";
import type { ReactNode } from "react";
import { FLICKS_PER_SECOND, formatBars } from "../../core/time/index.ts";
import { useCommands } from "../commands/use-commands.ts";
import { useEditUi, useProject, useStudio } from "../state/context.ts";
import type { Tool } from "../state/edit-ui.ts";
import { useTransport } from "../state/transport.ts";
import { Button } from "../ui/Button.tsx";
import { zoomedAt, zoomLimits } from "./geometry.ts";
import type { TimelineView } from "./timeline-view.ts";

const icon = { size: 15, "aria-hidden": true } as const;
const TOOLS: readonly (readonly [Tool, ReactNode])[] = [
  ["select", <MousePointer2 key="select" {...icon} />],
  ["trim", <ChevronsLeftRight key="trim" {...icon} />],
  ["blade", <Scissors key="blade" {...icon} />],
  ["ripple", <UnfoldHorizontal key="ripple" {...icon} />],
  ["roll", <SquareSplitHorizontal key="roll" {...icon} />],
  ["slip", <ArrowLeftRight key="slip" {...icon} />],
  ["slide", <MoveHorizontal key="slide" {...icon} />],
  ["track-select", <SquareDashedMousePointer key="track-select" {...icon} />],
];

/** Tools, switches, time and zoom. A click leaves the keyboard with the timeline. */
export function ToolBar({ view }: { readonly view: TimelineView }) {
  const commands = useCommands();
  const tool = useEditUi((ui) => ui.tool);
  const snapping = useEditUi((ui) => ui.snapping);
  const isLinked = useEditUi((ui) => ui.linkedSelection);
  const isBars = useEditUi((ui) => ui.ruler === "bars");
  const toggle = (id: string, isOn: boolean, sign: ReactNode) => (
    <Button kind="quiet" icon={sign} label={commands.label(id)} aria-pressed={isOn} onClick={() => commands.run(id)} />
  );
  return (
    <div className="tools" role="toolbar" aria-label="Timeline tools">
      <div className="tools__group" role="radiogroup" aria-label="Tool">
        {TOOLS.map(([name, sign]) => (
          <Button
            key={name}
            kind="quiet"
            role="radio"
            icon={sign}
            label={commands.label(`tool.${name}`)}
            aria-checked={tool === name}
            onClick={() => commands.run(`tool.${name}`)}
          />
        ))}
      </div>
      <span className="tools__line" />
      {toggle("tool.snap", snapping, <Magnet {...icon} />)}
      {toggle("tool.link", isLinked, <Link2 {...icon} />)}
      {toggle("view.ruler", isBars, <Music {...icon} />)}
      <span className="tools__line" />
      <Steps />
      <Button
        kind="quiet"
        icon={<Timer {...icon} />}
        label={commands.label("project.history")}
        aria-pressed={useEditUi((ui) => ui.showsHistory)}
        onClick={() => commands.run("project.history")}
      />
      <span className="tools__space" />
      <Clock />
      <Zoom view={view} />
    </div>
  );
}

/** Undo and redo: all of the tools that edits change. */
function Steps() {
  const commands = useCommands();
  const undo = useProject((project) => project.steps.undo);
  const redo = useProject((project) => project.steps.redo);
  return (
    <>
      <Button
        kind="quiet"
        icon={<Undo2 {...icon} />}
        label={undo === null ? commands.label("history.undo") : `Undo ${undo} (${commands.keys("history.undo")})`}
        off={undo === null ? "There is nothing to undo." : null}
        onClick={() => commands.run("history.undo")}
      />
      <Button
        kind="quiet"
        icon={<Redo2 {...icon} />}
        label={redo === null ? commands.label("history.redo") : `Redo ${redo} (${commands.keys("history.redo")})`}
        off={redo === null ? "There is nothing to redo." : null}
        onClick={() => commands.run("history.redo")}
      />
    </>
  );
}

/** Where the playhead is in bars and beats; its timecode stands under the viewer. */
function Clock() {
  const tempo = useProject((project) => project.document.settings.tempo);
  const time = useTransport((state) => state.time);
  const isBars = useEditUi((ui) => ui.ruler === "bars");
  return isBars ? <span className="tools__time mono">{formatBars(time, tempo)}</span> : null;
}

function Zoom({ view }: { readonly view: TimelineView }) {
  const commands = useCommands();
  const { transport } = useStudio();
  const zoom = useEditUi((ui) => ui.zoom);
  const width = useEditUi((ui) => ui.timelineWidth);
  const rate = useProject((project) => project.document.settings.rate);
  const { min, max } = zoomLimits(rate, width);
  const share = Math.log(zoom / min) / Math.log(max / min);
  function change(next: number): void {
    const seen = view.view;
    const factor = (min * (max / min) ** next) / seen.zoom;
    const x = 12 + ((transport.time - seen.scroll) / FLICKS_PER_SECOND) * seen.zoom;
    view.setView(zoomedAt(seen, factor, x >= 0 && x <= seen.width ? x : seen.width / 2, rate));
  }
  return (
    <>
      <Button
        kind="quiet"
        icon={<ZoomOut {...icon} />}
        label={commands.label("view.zoom-out")}
        onClick={() => commands.run("view.zoom-out")}
      />
      <Slider.Root
        className="slider tools__zoom"
        value={[Math.round(share * 1000)]}
        min={0}
        max={1000}
        step={10}
        onValueChange={([next]) => next !== undefined && change(next / 1000)}
      >
        <Slider.Track className="slider__track">
          <Slider.Range className="slider__range" />
        </Slider.Track>
        <Slider.Thumb className="slider__thumb" aria-label="Zoom of the timeline" />
      </Slider.Root>
      <Button
        kind="quiet"
        icon={<ZoomIn {...icon} />}
        label={commands.label("view.zoom-in")}
        onClick={() => commands.run("view.zoom-in")}
      />
      <Button
        kind="quiet"
        icon={<Maximize2 {...icon} />}
        label={commands.label("view.fit")}
        onClick={() => commands.run("view.fit")}
      />
    </>
  );
}
