/* oxlint-disable jsx-a11y/prefer-tag-over-role -- a fieldset has a look of its own */
import { Grid3x3, Maximize, Type, X } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useCommands } from "../../commands/use-commands.ts";
import type { MediaReference } from "../../../core/timeline/index.ts";
import { useStudio, useViewerUi } from "../../state/context.ts";
import { zooms } from "../../state/viewer-ui.ts";
import { Button } from "../../ui/Button.tsx";

const percent = (zoom: "fit" | number): string => (zoom === "fit" ? "Fit" : `${zoom * 100} %`);

/** What is shown, and how large. */
export function ViewerHead({ source }: { readonly source: MediaReference | null }) {
  const { viewerUi, editUi } = useStudio();
  const commands = useCommands();
  const { tab, zoom, safeAreas } = useViewerUi((ui) => ui);
  const show = (next: "timeline" | "source") => viewerUi.setState({ tab: next });
  return (
    <header className="viewer__head">
      <div className="viewer__tabs" role="group" aria-label="What the viewer shows">
        <button
          type="button"
          className="viewer__tab"
          aria-pressed={tab === "timeline"}
          onClick={() => show("timeline")}
        >
          Timeline
        </button>
        {source === null ? null : (
          <>
            <button
              type="button"
              className="viewer__tab"
              aria-pressed={tab === "source"}
              onClick={() => show("source")}
            >
              <span className="viewer__tab-name">{source.name}</span>
            </button>
            <Button
              kind="quiet"
              icon={<X size={13} aria-hidden />}
              label="Close the source"
              className="viewer__close"
              onClick={() => editUi.setState({ source: null, sourceIn: null, sourceOut: null })}
            />
          </>
        )}
      </div>
      <div className="viewer__view">
        <Button
          kind="quiet"
          icon={<Type size={15} aria-hidden />}
          label={commands.label("title.add")}
          onClick={() => commands.run("title.add")}
        />
        <DropdownMenu.Root modal={false}>
          <DropdownMenu.Trigger className="control viewer__zoom" aria-label={`Zoom: ${percent(zoom)}`}>
            <span className="control__value">{percent(zoom)}</span>
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
              {(["fit", ...zooms] as const).map((value) => (
                <DropdownMenu.CheckboxItem
                  key={value}
                  className="menu__item"
                  checked={zoom === value}
                  onSelect={() => viewerUi.setState({ zoom: value })}
                >
                  {percent(value)}
                </DropdownMenu.CheckboxItem>
              ))}
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
        <Button
          kind="quiet"
          className={safeAreas ? "viewer__on" : ""}
          aria-pressed={safeAreas}
          icon={<Grid3x3 size={15} aria-hidden />}
          label={commands.label("viewer.safe-areas")}
          onClick={() => commands.run("viewer.safe-areas")}
        />
        <Button
          kind="quiet"
          icon={<Maximize size={15} aria-hidden />}
          label={commands.label("viewer.full-screen")}
          onClick={() => commands.run("viewer.full-screen")}
        />
      </div>
    </header>
  );
}
