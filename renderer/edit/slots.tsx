import { Bin } from "../bin/Bin.tsx";
import { TimelinePanel } from "../timeline/TimelinePanel.tsx";
import { ViewerPanel } from "../viewer/panel/ViewerPanel.tsx";

/** What stands in the editor's four places. */
export const BinSlot = Bin;
export const ViewerSlot = ViewerPanel;
export const InspectorSlot = () => <div className="slot__empty">Inspector</div>;
export const TimelineSlot = TimelinePanel;
