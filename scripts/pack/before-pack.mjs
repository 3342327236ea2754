import { existsSync } from "node:fs";
import { join } from "node:path";

const ARCHITECTURES = ["ia32", "x64", "armv7l", "arm64", "universal"];

/**
 * Refuses to pack what could not run: an app without the engine's native code for its system, or without what stage.ts makes.
 * Called by electron-builder before each package.
 */
export default function beforePack({ electronPlatformName, arch, packager }) {
  const root = packager.projectDir;
  if (electronPlatformName !== process.platform)
    throw new Error("Each system packs its own app: the native packages of another are not installed here.");
  const system = `${electronPlatformName}/${ARCHITECTURES[arch]}`;
  if (!existsSync(join(root, "node_modules", "onnxruntime-node", "bin", "napi-v6", system)))
    throw new Error(`onnxruntime-node has no binary for ${system}: the engine could not run there.`);
  if (!existsSync(join(root, "dist", "pack", "licences")))
    throw new Error("dist/pack is missing: package with `npm run pack`.");
}
