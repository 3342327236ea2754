import { useEditUi, useProject, useStudio } from "../state/context.ts";
import { NameDialog } from "./NameDialog.tsx";

/** Names the selected marker. */
export function MarkerDialog() {
  const { project, editUi } = useStudio();
  const selection = useEditUi((ui) => (ui.sheet === "marker" ? ui.selection : null));
  const markers = useProject((view) => view.document.markers);
  const marker = selection?.type === "marker" ? markers.find(({ id }) => id === selection.id) : undefined;
  if (marker === undefined) return null;
  const close = () => editUi.setState({ sheet: null });
  return (
    <NameDialog
      title="Name of the marker"
      action="Rename"
      initial={marker.name}
      onClose={close}
      onDone={(name) => {
        close();
        project.perform("setMarker", { marker: marker.id, name });
      }}
    />
  );
}
