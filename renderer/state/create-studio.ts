import type { Media, StudioEvent } from "../../core/contract/index.ts";
import { subjectWants } from "../../core/render-plan/index.ts";
import { defaultSettings, laneOf, type Timeline } from "../../core/timeline/index.ts";
import type { WindowClient } from "../client/client.ts";
import { createKeymap } from "../commands/keymap.ts";
import { createActions } from "./actions.ts";
import { connect } from "./connect.ts";
import type { Studio } from "./context.ts";
import { loadDraft } from "./draft.ts";
import { createEditUi, nothingSelected } from "./edit-ui.ts";
import { keepLanes, LaneDrafts } from "./lane-drafts.ts";
import { createExchangeActions } from "./exchange-actions.ts";
import { createMediaActions } from "./media-actions.ts";
import { createMediaFacts } from "./media-facts.ts";
import { createMediaStatus } from "./media-status.ts";
import { type Notices, WorkNotices } from "./notify.ts";
import { createProjectSession } from "./project.ts";
import { createQueueActions } from "./queue-actions.ts";
import { createRestoreActions } from "./restore.ts";
import { createStudioStore } from "./store.ts";
import { createSubjectMasks } from "./subject-masks.ts";
import { createTold } from "./told.ts";
import { Transport } from "./transport.ts";
import { createViewerUi } from "./viewer-ui.ts";

/** The end of the last clip. */
export const lengthOf = ({ tracks }: Timeline): number => Math.max(0, ...tracks.map((track) => laneOf(track).end));

/** Everything that the window holds, connected with the studio. `stop` disconnects it. */
export function createStudio(
  client: WindowClient,
  storage: Pick<Storage, "getItem" | "setItem">,
  pageNotices: Notices | null = null,
) {
  const store = createStudioStore(loadDraft(storage));
  const lanes = new LaneDrafts(storage);
  // Read before the first change overwrites it.
  const stopRestoring = store.subscribe(({ media }) => {
    if (media.length === 0) return;
    stopRestoring();
    actions.animations.restoreLane();
  });
  const stopKeeping = keepLanes(store, lanes);
  const look = (added: readonly Media[]) => void restore.look(added);
  const actions = createActions(store, client, lanes, look);
  const transport = new Transport(defaultSettings.rate);
  const editUi = createEditUi(storage);
  const restore = createRestoreActions(store, client, editUi, actions.animations);
  const project = createProjectSession(client, (text, kind) =>
    store.setState({ notice: { text, kind, undo: null }, announcement: text }),
  );
  const subjectMasks = createSubjectMasks(client);
  const stopFollowing = project.store.subscribe((view, before) => {
    if (view.document !== before.document)
      transport.setTimeline({ rate: view.document.settings.rate, duration: lengthOf(view.document) });
    if (view.document !== before.document) subjectMasks.want(subjectWants(view.document));
    if (view.state?.id !== before.state?.id && before.state !== null) {
      editUi.setState({ selection: nothingSelected, scroll: 0, source: null, sourceIn: null, sourceOut: null });
      transport.pause();
      transport.clearMarks();
      transport.seek(0);
    }
  });
  const mediaStatus = createMediaStatus(client);
  const mediaFacts = createMediaFacts(client);
  const notices = new WorkNotices(pageNotices, storage, () => document.hasFocus());
  const stopConnection = connect(store, client, storage, (event: StudioEvent) => {
    notices.hear(event);
    mediaStatus.receive(event);
    mediaFacts.receive(event);
    subjectMasks.receive(event);
    project.receive(event);
  });
  const media = createMediaActions(store, client, project, () => mediaStatus.store.getState(), look);
  const keymap = createKeymap(storage);
  const told = createTold(project.store, editUi);
  const studio: Studio = {
    store,
    actions,
    queueActions: createQueueActions(store, client),
    client,
    transport,
    project,
    told,
    editUi,
    viewerUi: createViewerUi(storage),
    sourceTransport: new Transport(defaultSettings.rate),
    keymap,
    media,
    mediaStatus,
    mediaFacts,
    restore,
    subjectMasks,
    notices,
    exchange: createExchangeActions(store, client, project, editUi),
  };
  const stop = () => {
    stopRestoring();
    stopKeeping();
    stopFollowing();
    told.stop();
    stopConnection();
  };
  return { studio, stop };
}
