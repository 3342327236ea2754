import { useModel, useSelect } from "../state/context.ts";
import { formatBytes, formatCount, formatLength, formatMemory } from "../ui/format.ts";
import { MoreModels } from "../ui/MoreModels.tsx";
import { Facts } from "./Facts.tsx";

/** Facts of the studio itself, where other programs say "nothing selected". */
export function StudioFacts() {
  const clips = useSelect((state) => state.clips);
  const system = useSelect((state) => state.system);
  const model = useModel();
  const bytes = clips.reduce((sum, clip) => sum + clip.bytes, 0);
  return (
    <>
      <div className="inspector__head">
        <h2>This studio</h2>
      </div>
      <Facts
        title="Clips"
        rows={[
          ["Finished", String(clips.length)],
          ["On disk", formatBytes(bytes)],
          ...(system ? [["Folder", system.outputFolderName] as const] : []),
        ]}
      />
      {model ? (
        <>
          <Facts
            title="Model"
            rows={[
              ["Name", model.name],
              ["Parameters", formatCount(model.parameters)],
              ["On disk", formatBytes(model.bytesOnDisk)],
              ["Licence", model.licence],
              [
                "Default",
                `${model.defaults.width}×${model.defaults.height}, ${formatLength(model.defaults.frames, model.defaults.fps)}`,
              ],
            ]}
          />
          <section className="facts">
            <h3>What it knows</h3>
            <p className="inspector__about">{model.about}</p>
            <MoreModels />
          </section>
        </>
      ) : null}
      {system ? (
        <Facts
          title="Computer"
          rows={[
            ["Processor", system.cpu],
            ["Cores", String(system.cores)],
            ["Memory", `${formatMemory(system.freeMemoryBytes)} free of ${formatMemory(system.totalMemoryBytes)}`],
            ["Video writer", system.ffmpegVersion ? `ffmpeg ${system.ffmpegVersion}` : "not found"],
            ["Version", system.appVersion],
          ]}
        />
      ) : null}
    </>
  );
}
