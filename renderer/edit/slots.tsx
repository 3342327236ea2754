import { Bin } from "../bin/Bin.tsx";
import { EditInspector } from "../edit-inspector/EditInspector.tsx";
import { TimelinePanel } from "../timeline/TimelinePanel.tsx";
import { ViewerPanel } from "../viewer/panel/ViewerPanel.tsx";

/** What stands in the editor's four places. */
export const BinSlot = Bin;
export const ViewerSlot = ViewerPanel;
export const InspectorSlot = EditInspector;
export const TimelineSlot = TimelinePanel;
