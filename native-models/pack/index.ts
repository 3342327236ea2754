export { type InstallOptions, installCheckpoint } from "./install.ts";
export { type PackManifest, packManifestSchema, packSummary } from "./manifest.ts";
export { type Pack, readManifest, readPack, verifyPack } from "./read-pack.ts";
