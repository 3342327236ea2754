import "./zod-without-eval.ts";
import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "./ui/tokens.css";
import "./ui/controls.css";
import "./ui/fields.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { defaultSettings } from "../core/timeline/index.ts";
import { App } from "./app/App.tsx";
import { createCheckedClient } from "./client/checked-client.ts";
import { createHttpClient } from "./client/http-client.ts";
import { createActions } from "./state/actions.ts";
import { connect } from "./state/connect.ts";
import { StudioContext } from "./state/context.ts";
import { loadDraft } from "./state/draft.ts";
import { createStudioStore } from "./state/store.ts";
import { Transport } from "./state/transport.ts";

const bridge = window.studio;
const client = bridge
  ? createCheckedClient({ ...bridge, sendFile: (file) => bridge.importFile(file) })
  : createHttpClient();
const store = createStudioStore(loadDraft(localStorage));
const actions = createActions(store, client);
const transport = new Transport(defaultSettings.rate);
connect(store, client, localStorage);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <StudioContext value={{ store, actions, client, transport }}>
        <App />
      </StudioContext>
    </StrictMode>,
  );
}
