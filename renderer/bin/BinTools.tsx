import { ArrowDownNarrowWide, ArrowUpNarrowWide, LayoutGrid, List, Plus, Search } from "lucide-react";
import { DropdownMenu, ToggleGroup } from "radix-ui";
import { useStudio } from "../state/context.ts";
import { pickFiles } from "../state/pick-files.ts";
import { Button } from "../ui/Button.tsx";
import type { BinView } from "./Bin.tsx";
import { type Filter, filters, type Sort, sorts } from "./items.ts";

const SORTS: Readonly<Record<Sort, string>> = {
  name: "Name",
  kind: "Kind",
  length: "Length",
  added: "Date added",
  uses: "How often it is used",
};
const FILTERS: Readonly<Record<Filter, string>> = {
  all: "Everything",
  used: "Used in this project",
  unused: "Not used",
  missing: "Missing",
};

interface Props {
  readonly view: BinView;
  readonly onChange: (part: Partial<BinView>) => void;
  /** Why the project can only be looked at; null: it can be changed. */
  readonly readOnly: string | null;
}

/** Import, search, and how the bin is looked at. */
export function BinTools({ view, onChange, readOnly }: Props) {
  const { exchange, media } = useStudio();
  const bring = (what: "files" | "folder") => async () =>
    void (await media.importFiles(await exchange.take(await pickFiles(what))));
  return (
    <div className="bin__tools">
      <div className="bin__row">
        <ToggleGroup.Root
          type="single"
          className="segments"
          aria-label="What is shown"
          value={view.showsTransitions ? "transitions" : view.scope}
          onValueChange={(tab) => {
            if (tab === "transitions") onChange({ showsTransitions: true });
            else if (tab !== "") onChange({ scope: tab as BinView["scope"], showsTransitions: false });
          }}
        >
          <ToggleGroup.Item className="segments__item" value="project">
            Project
          </ToggleGroup.Item>
          <ToggleGroup.Item className="segments__item" value="studio">
            Studio
          </ToggleGroup.Item>
          <ToggleGroup.Item className="segments__item" value="transitions">
            Transitions
          </ToggleGroup.Item>
        </ToggleGroup.Root>
        <span className="bin__space" />
        <DropdownMenu.Root modal={false}>
          <DropdownMenu.Trigger asChild>
            <Button
              kind="quiet"
              icon={<Plus size={16} aria-hidden />}
              off={readOnly}
              label="Import files or a folder (Ctrl I)"
            />
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
              <DropdownMenu.Item className="menu__item" onSelect={() => void bring("files")()}>
                Files … <span className="menu__note">Ctrl I</span>
              </DropdownMenu.Item>
              <DropdownMenu.Item className="menu__item" onSelect={() => void bring("folder")()}>
                A folder …
              </DropdownMenu.Item>
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      </div>
      {view.showsTransitions ? null : <MediaTools view={view} onChange={onChange} />}
    </div>
  );
}

/** Search, and how the media are looked at. */
function MediaTools({ view, onChange }: Pick<Props, "view" | "onChange">) {
  return (
    <div className="bin__row">
      <label className="bin__search">
        <Search size={13} aria-hidden />
        <input
          type="search"
          aria-label="Search media"
          placeholder="Search"
          value={view.search}
          onChange={(event) => onChange({ search: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === "Escape") onChange({ search: "" });
          }}
        />
      </label>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger asChild>
          <Button
            kind="quiet"
            icon={
              view.isDescending ? (
                <ArrowDownNarrowWide size={14} aria-hidden />
              ) : (
                <ArrowUpNarrowWide size={14} aria-hidden />
              )
            }
            label={`Sort and filter (by ${SORTS[view.sort].toLowerCase()}${view.filter === "all" ? "" : `, ${FILTERS[view.filter].toLowerCase()}`})`}
            data-active={view.filter !== "all"}
          />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
            <DropdownMenu.Label className="menu__label">Sort by</DropdownMenu.Label>
            <DropdownMenu.RadioGroup value={view.sort} onValueChange={(sort) => onChange({ sort: sort as Sort })}>
              {sorts.map((sort) => (
                <Choice key={sort} value={sort} text={SORTS[sort]} />
              ))}
            </DropdownMenu.RadioGroup>
            <DropdownMenu.CheckboxItem
              className="menu__item"
              checked={view.isDescending}
              onCheckedChange={(isDescending) => onChange({ isDescending: isDescending })}
            >
              <Check />
              <span className="menu__text">Last first</span>
            </DropdownMenu.CheckboxItem>
            <DropdownMenu.Separator className="menu__line" />
            <DropdownMenu.Label className="menu__label">Show</DropdownMenu.Label>
            <DropdownMenu.RadioGroup
              value={view.filter}
              onValueChange={(filter) => onChange({ filter: filter as Filter })}
            >
              {filters.map((filter) => (
                <Choice key={filter} value={filter} text={FILTERS[filter]} />
              ))}
            </DropdownMenu.RadioGroup>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <Button
        kind="quiet"
        icon={view.layout === "grid" ? <List size={14} aria-hidden /> : <LayoutGrid size={14} aria-hidden />}
        label={view.layout === "grid" ? "Show as a list" : "Show as pictures"}
        onClick={() => onChange({ layout: view.layout === "grid" ? "list" : "grid" })}
      />
    </div>
  );
}

const Choice = ({ value, text }: { readonly value: string; readonly text: string }) => (
  <DropdownMenu.RadioItem className="menu__item" value={value}>
    <Check />
    <span className="menu__text">{text}</span>
  </DropdownMenu.RadioItem>
);

const Check = () => (
  <span className="menu__check">
    <DropdownMenu.ItemIndicator>✓</DropdownMenu.ItemIndicator>
  </span>
);
