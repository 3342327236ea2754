import { runEngine } from "./engine-entry.ts";
import { nativeBackend } from "./native-backend.ts";

await runEngine(await nativeBackend());
