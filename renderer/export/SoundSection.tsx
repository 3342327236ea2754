import { type Container, containerInfo, type ExportAudio } from "../../core/export/index.ts";
import { Section, SelectRow } from "../edit-inspector/fields/rows.tsx";
import { audioCodecWords } from "./choice.ts";

const bitrates = [64, 96, 128, 160, 192, 256, 320] as const;
const sampleRates = [44_100, 48_000, 96_000] as const;
const loudnesses = [
  [-14, "−14 LUFS, streaming"],
  [-16, "−16 LUFS, podcasts"],
  [-23, "−23 LUFS, broadcast (EBU R128)"],
] as const;

interface Props {
  /** Null: without sound. */
  readonly audio: ExportAudio | null;
  readonly container: Container;
  /** Samples per second of the timeline. */
  readonly own: number;
  /** Whether the file may be without sound: one of pictures may. */
  readonly canBeSilent: boolean;
  readonly onChange: (changes: Partial<ExportAudio>) => void;
  readonly onSilent: (silent: boolean) => void;
}

/** Codec, layout and loudness of the sound. */
export function SoundSection({ audio, container, own, canBeSilent, onChange, onSilent }: Props) {
  const codecs = containerInfo[container].audio;
  if (codecs.length === 0) return null;
  return (
    <Section title="Sound">
      <SelectRow
        label="Codec"
        value={audio?.codec ?? "none"}
        options={[
          ...codecs.map((each) => [each, audioCodecWords[each]] as const),
          ...(canBeSilent ? [["none", "No sound"] as const] : []),
        ]}
        onChange={(codec) => {
          onSilent(codec === "none");
          if (codec !== "none") onChange({ codec });
        }}
      />
      {audio === null ? null : (
        <>
          {audio.codec === "pcm" || audio.codec === "flac" ? null : (
            <SelectRow
              label="Bitrate"
              value={String(audio.bitrate)}
              options={[...new Set([...bitrates, audio.bitrate])]
                .sort((a, b) => a - b)
                .map((each) => [String(each), `${each} kbit/s`] as const)}
              onChange={(bitrate) => onChange({ bitrate: Number(bitrate) })}
            />
          )}
          <SelectRow
            label="Layout"
            value={audio.channels === 1 ? "mono" : "stereo"}
            options={[
              ["stereo", "Stereo"],
              ["mono", "Mono"],
            ]}
            onChange={(layout) => onChange({ channels: layout === "mono" ? 1 : 2 })}
          />
          <SelectRow
            label="Samples"
            value={audio.sampleRate === null ? "own" : String(audio.sampleRate)}
            options={[
              ["own", `As the timeline, ${own / 1000} kHz`],
              ...sampleRates.map((each) => [String(each), `${each / 1000} kHz`] as const),
            ]}
            onChange={(rate) => onChange({ sampleRate: rate === "own" ? null : Number(rate) })}
          />
          <SelectRow
            label="Loudness"
            value={audio.loudness === null ? "mixed" : String(audio.loudness)}
            options={[
              ["mixed", "As it was mixed"],
              ...loudnesses.map(([value, name]) => [String(value), name] as const),
            ]}
            onChange={(value) => onChange({ loudness: value === "mixed" ? null : Number(value) })}
          />
        </>
      )}
    </Section>
  );
}
