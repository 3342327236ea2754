import { ContextMenu } from "radix-ui";
import type { ReactNode } from "react";
import { useCommands } from "../commands/use-commands.ts";
import { useEditUi, useProject, useStudio } from "../state/context.ts";
import type { Selection } from "../state/edit-ui.ts";
import { mediaOf, transitionTypes } from "../../core/timeline/index.ts";
import { activeTakeProblem } from "./takes.ts";
import { findPlaced } from "./selection.ts";

type Entry = string | null | { readonly title: string; readonly entries: readonly Entry[] };

const CLIP: readonly Entry[] = [
  "clipboard.cut",
  "clipboard.copy",
  "clipboard.paste",
  "clipboard.attributes",
  "clipboard.duplicate",
  null,
  "clip.split",
  "clip.join",
  "clip.delete",
  "clip.ripple-delete",
  null,
  {
    title: "Transition",
    entries: transitionTypes.map((type) => `transition.${type}`),
  },
  { title: "Fade", entries: ["fade.in", "fade.out", "fade.none"] },
  { title: "Speed", entries: ["speed.half", "speed.normal", "speed.double", "clip.reverse"] },
  { title: "Keyframes", entries: ["keyframe.add", "keyframe.previous", "keyframe.next", "keyframe.remove"] },
  null,
  "clip.enable",
  "clip.link",
  "clip.group",
  "place.match",
  "beats.mark",
  "generate.animate",
];
const CUT: readonly Entry[] = transitionTypes.map((type) => `transition.${type}`);
const TRANSITION: readonly Entry[] = [...CUT, null, "transition.longer", "transition.shorter", "clip.delete"];
const GAP: readonly Entry[] = ["generate.here", "clipboard.paste", "clip.ripple-delete"];
const MARKER: readonly Entry[] = ["marker.rename", "clip.delete"];
const EMPTY: readonly Entry[] = [
  "generate.here",
  "clipboard.paste",
  "clipboard.paste-insert",
  "marker.add",
  null,
  "track.add-video",
  "track.add-audio",
  "track.add-text",
  null,
  "select.all",
  "view.fit",
];

const TRACK: readonly Entry[] = [
  "keyframe.add",
  "keyframe.previous",
  "keyframe.next",
  "keyframe.remove",
  null,
  ...EMPTY,
];

const MENUS: Readonly<Partial<Record<Selection["type"], readonly Entry[]>>> = {
  transition: TRANSITION,
  cut: CUT,
  gap: GAP,
  marker: MARKER,
  track: TRACK,
};

/** The menu of whatever is under the pointer, or of the clip that has the keyboard. */
export function ClipMenu({ children }: { readonly children: ReactNode }) {
  const { editUi } = useStudio();
  return (
    <ContextMenu.Root modal={false}>
      <ContextMenu.Trigger asChild>{children}</ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content
          className="menu"
          onCloseAutoFocus={(event) => {
            // Focus goes back to the clip that the menu was of, where it came from the keyboard.
            event.preventDefault();
            if (editUi.getState().selection.type !== "clips") return;
            // The cells may not know yet what the menu has done: they do once they have focus.
            const grid = document.querySelector<HTMLElement>(".grid-layer__scroll");
            grid?.focus();
            requestAnimationFrame(() => {
              // What the menu opened may have taken the keyboard.
              if (grid !== null && document.activeElement === grid)
                grid.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
            });
          }}
        >
          <OwnEntries />
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  );
}

/** Of what is selected. Only while the menu is open: it looks at the clip anew after each edit. */
function OwnEntries() {
  const type = useEditUi((ui) => ui.selection.type);
  const takes = useTakeEntries();
  return <Entries entries={type === "clips" ? [...takes, ...CLIP] : (MENUS[type] ?? EMPTY)} />;
}

function Entries({ entries }: { readonly entries: readonly Entry[] }) {
  const commands = useCommands();
  return entries.map((entry, i) => {
    // oxlint-disable-next-line react/no-array-index-key -- lines have no name, and the list never changes
    if (entry === null) return <ContextMenu.Separator key={`line-${i}`} className="menu__line" />;
    if (typeof entry === "string")
      return (
        <ContextMenu.Item key={entry} className="menu__item" onSelect={() => commands.run(entry)}>
          <span className="menu__text">{commands.title(entry)}</span>
          <span className="menu__note">{commands.keys(entry)}</span>
        </ContextMenu.Item>
      );
    return (
      <ContextMenu.Sub key={entry.title}>
        <ContextMenu.SubTrigger className="menu__item">
          <span className="menu__text">{entry.title}</span>
          <span className="menu__note">▸</span>
        </ContextMenu.SubTrigger>
        <ContextMenu.Portal>
          <ContextMenu.SubContent className="menu">
            <Entries entries={entry.entries} />
          </ContextMenu.SubContent>
        </ContextMenu.Portal>
      </ContextMenu.Sub>
    );
  });
}

/** What can be done with the takes of the selected clip, and with one that could not be made. */
function useTakeEntries(): readonly Entry[] {
  const id = useEditUi((ui) => (ui.selection.type === "clips" ? (ui.selection.ids[0] ?? null) : null));
  const clip = useProject(({ document }) => (id === null ? undefined : findPlaced(document, id)?.item.clip));
  const media = useProject(({ document }) => document.media);
  if (clip === undefined || clip.content.type !== "media") return [];
  const entries: Entry[] = [];
  if (activeTakeProblem(clip) !== null) entries.push("take.retry", "take.edit");
  else if (mediaOf({ media }, clip)?.record != null) entries.push("take.more", "take.edit");
  if (clip.content.takes.length > 1) entries.push("take.next", "take.previous");
  return entries.length === 0 ? [] : [...entries, null];
}
