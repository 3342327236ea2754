import { TriangleAlert } from "lucide-react";
import { useStudio } from "../state/context.ts";
import type { Item } from "../state/items.ts";
import { Button } from "../ui/Button.tsx";

/** What went wrong, in the place where the clip would be. Details for the curious stand in the inspector. */
export function TileError({ item }: { readonly item: Item }) {
  const { actions } = useStudio();
  return (
    <div className="tile__message tile__message--problem">
      <p className="tile__sentence">
        <TriangleAlert size={15} aria-hidden />
        <span>{item.job?.error?.message ?? "This clip could not be made."}</span>
      </p>
      <div className="tile__choices">
        <Button onClick={() => void actions.retry(item)}>Retry</Button>
        <Button
          kind="quiet"
          onClick={() => {
            actions.reuse(item);
            if (item.kind === "generate") document.querySelector<HTMLElement>("#prompt")?.focus();
          }}
        >
          Edit
        </Button>
      </div>
    </div>
  );
}
