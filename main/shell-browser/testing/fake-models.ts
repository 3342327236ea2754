import type { Input, Method, Output } from "../../../core/contract/index.ts";
import { readCatalogue } from "../../studio/models/catalogue.ts";
import { StudioError } from "../../../core/contract/index.ts";

type StoreMethod = Extract<Method, "models.catalogue" | "models.settings">;

const settings: Output<"models.settings"> = {
  mirror: "",
  proxy: "",
  connections: 4,
  keepsCheckpoints: false,
  token: { kept: "none", canKeep: false },
  proxyLogin: "none",
};

const sample = { about: "", bytes: 92e6, layers: 333, preview: null } as const;
const styles: Output<"styles.list"> = [
  {
    ...sample,
    id: "ink-wash",
    name: "Ink wash",
    about: "Loose brush and bleeding ink on rice paper.",
    triggers: ["ink wash"],
    licence: "CC-BY-4.0",
  },
  { ...sample, id: "grain", name: "Film grain", triggers: [], licence: "own work" },
];

/** The real catalogue, of which nothing is installed and nothing can be had. */
export const fakeModels = {
  "models.catalogue": () => ({
    cards: readCatalogue().entries.map((entry) => ({
      entry,
      isInstalled: false,
      acceptedAt: null,
      arrivedBytes: 0,
      roomBytes: entry.needs.installedBytes,
      hasRoom: true,
    })),
    folderName: "Plume Studio/models",
    freeBytes: 120e9,
  }),
  "models.settings": () => settings,
  "models.accept": refuse,
  "models.download": refuse,
  "models.installDropped": refuse,
  "models.open": refuse,
  "models.discard": refuse,
  "models.verify": refuse,
  "models.remove": refuse,
  "models.formats": refuse,
  "models.repack": refuse,
  "models.configure": refuse,
  "models.forgetProxyLogin": refuse,
  "models.token": refuse,
  "styles.list": () => [...styles],
  "styles.edit": refuse,
  "styles.remove": refuse,
  "styles.mix": refuse,
} satisfies Record<string, () => unknown> & {
  [M in StoreMethod]: (input: Input<M>) => Output<M>;
};

function refuse(): never {
  throw new StudioError("DOWNLOAD_FAILED", "There is no network here.");
}
