import "./zod-without-eval.ts";
import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "./ui/tokens.css";
import "./ui/controls.css";
import "./ui/fields.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App.tsx";
import { createCheckedClient } from "./client/checked-client.ts";
import { createHttpClient } from "./client/http-client.ts";
import { StudioContext } from "./state/context.ts";
import { pageNotices } from "./state/notify.ts";
import { createStudio } from "./state/create-studio.ts";
import { connectShell } from "./state/shell.ts";

const bridge = window.studio;
const client = bridge
  ? createCheckedClient({ ...bridge, sendFile: (file, purpose) => bridge.importFile(file, purpose) })
  : createHttpClient();
const { studio } = createStudio(client, localStorage, pageNotices());
if (bridge) connectShell(studio, bridge);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <StudioContext value={studio}>
        <App />
      </StudioContext>
    </StrictMode>,
  );
}
