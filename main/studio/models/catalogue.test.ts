import { describe, expect, it } from "vitest";
import { catalogueSchema, downloadBytes, installedBytes, neededFiles } from "../../../core/contract/index.ts";
import { officialConfig } from "../../../native-models/hummingbird/official-config.testkit.ts";
import { hummingbirdParameters } from "../../../native-models/hummingbird/parameters.ts";
import { keyvidParameters, likelyCopies } from "../../../native-models/keyvid/parameters.ts";
import { officialConfig as keyvidConfig } from "../../../native-models/keyvid/testing-model.testkit.ts";
import { packedBytes } from "../../../native-models/pack/repack.ts";
import { plannedBytes } from "../../../native-models/pack/weights.ts";
import { entryOf, readCatalogue } from "./catalogue.ts";
import { fileUrl } from "./hub.ts";

describe("the catalogue", () => {
  const catalogue = readCatalogue();

  it("lists what the specifications name, and each id once", () => {
    const ids = catalogue.entries.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      expect.arrayContaining(["hummingbird-0.7b", "hummingbird-0.9b", "keyvid", "patnet-t0", "patnet-t1"]),
    );
    expect(neededFiles(entryOf(catalogue, "keyvid")).length).toBe(3);
    expect(entryOf(catalogue, "keyvid").files.map(({ path }) => path)).toContain("imagebind_huge.pth");
  });

  it("states of what cannot be fetched or is left out why that is so", () => {
    for (const entry of catalogue.entries) {
      expect(entry.source.kind === "hub").toBe(neededFiles(entry).length > 0);
      for (const file of entry.files) if (!file.isNeeded) expect(file.why, file.path).toMatch(/\.$/);
      expect(entry.licence.summary.length).toBeGreaterThan(40);
    }
  });

  it("knows how large the packs become, within two percent", () => {
    const sizes = {
      "hummingbird-0.7b": plannedBytes(hummingbirdParameters(officialConfig)),
      "hummingbird-0.9b": plannedBytes(hummingbirdParameters({ ...officialConfig, middleBlock: true })),
      keyvid: plannedBytes(keyvidParameters(keyvidConfig)) - plannedBytes(likelyCopies(keyvidConfig)),
    };
    for (const [id, bytes] of Object.entries(sizes))
      expect(Math.abs(entryOf(catalogue, id).needs.installedBytes / bytes - 1), id).toBeLessThan(0.02);
  });

  it("knows how large they become in smaller weights, within two percent", () => {
    const copies = likelyCopies(keyvidConfig);
    for (const format of ["fp16", "int8", "4bit"] as const) {
      const sizes = {
        "hummingbird-0.7b": packedBytes(hummingbirdParameters(officialConfig), format),
        "hummingbird-0.9b": packedBytes(hummingbirdParameters({ ...officialConfig, middleBlock: true }), format),
        keyvid: packedBytes(keyvidParameters(keyvidConfig), format) - packedBytes(copies, format),
      };
      for (const [id, bytes] of Object.entries(sizes))
        expect(Math.abs(installedBytes(entryOf(catalogue, id), format)! / bytes - 1), `${id} ${format}`).toBeLessThan(
          0.02,
        );
    }
  });

  it("says of a hash that is not the makers' own word where it is from", () => {
    for (const { files } of catalogue.entries)
      for (const { path, sha256, sha256From } of files) if (sha256 !== null) expect(sha256From, path).toBeTruthy();
  });

  it("gives addresses of the hub's shape, on whichever mirror", () => {
    const entry = entryOf(catalogue, "hummingbird-0.7b");
    const [file] = neededFiles(entry);
    const path = "amd/AMD-Hummingbird-T2V/resolve/main/07B_merged_all.pt";
    expect(fileUrl(entry, file!, "https://huggingface.co")).toBe(`https://huggingface.co/${path}`);
    expect(fileUrl(entry, file!, "https://mirror.example.org/hub/")).toBe(`https://mirror.example.org/hub/${path}`);
    const keyvid = entryOf(catalogue, "keyvid");
    const interpolator = keyvid.files.find((each) => each.path.includes("3669"));
    expect(fileUrl(keyvid, interpolator!, "https://huggingface.co")).toBe(
      "https://huggingface.co/RyanWW/KeyVID/resolve/main/KeyVID/interpolation/epoch%3D3669-step%3D58720.ckpt",
    );
    const meta = keyvid.files.find((each) => each.url !== undefined);
    expect(fileUrl(keyvid, meta!, "https://mirror.example.org")).toBe(meta!.url);
    expect(downloadBytes(keyvid)).toBe(35_901_000_000);
  });

  it.each([
    ["../outside.pt"],
    ["/etc/passwd"],
    ["a/../../b.pt"],
    ["a\\b.pt"],
    ["C:/b.pt"],
    [".hidden"],
    ["a//b.pt"],
    ["a\0.pt"],
  ])("refuses a file called %j", (path) => {
    const entries = structuredClone(catalogue.entries);
    entries[0]!.files[0]!.path = path;
    expect(catalogueSchema.safeParse({ ...catalogue, entries }).success).toBe(false);
  });
});
