export { type InstallOptions, installCheckpoint } from "./install.ts";
export { manifestOf, type ManifestOf, type PackManifest, packManifestSchema, packSummary } from "./manifest.ts";
export { type Pack, readManifest, readPack, verifyPack } from "./read-pack.ts";
