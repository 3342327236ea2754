import { TimelinePanel } from "../timeline/TimelinePanel.tsx";

/** What stands in the editor's four places. */
export const BinSlot = () => <div className="slot__empty">Media</div>;
export const ViewerSlot = () => <div className="slot__empty">Viewer</div>;
export const InspectorSlot = () => <div className="slot__empty">Inspector</div>;
export const TimelineSlot = TimelinePanel;
