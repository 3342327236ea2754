import {
  alphaCodecs,
  bitrateCodecs,
  type Container,
  containerInfo,
  type ExportSettings,
  type ExportVideo,
} from "../../core/export/index.ts";
import { FRAME_RATES, formatRate, sameRate } from "../../core/time/index.ts";
import type { Settings } from "../../core/timeline/index.ts";
import { NumberInput } from "../edit-inspector/fields/NumberInput.tsx";
import { CheckRow, Row, Section, SelectRow } from "../edit-inspector/fields/rows.tsx";
import { SliderField } from "../ui/SliderField.tsx";
import { containerWords, videoCodecWords } from "./choice.ts";

const sizes = ["3840×2160", "2560×1440", "1920×1080", "1280×720", "1080×1920", "1080×1350", "1080×1080"] as const;
const rates = Object.keys(FRAME_RATES) as (keyof typeof FRAME_RATES)[];
/** Codecs whose quality can be chosen. */
const hasQuality = ({ codec }: ExportVideo): boolean =>
  bitrateCodecs.includes(codec) || codec === "jpeg" || codec === "webp";
/** A bitrate to begin with, thousand bits a second: that of quality 75 with H.264. */
const usualBitrate = (width: number, height: number): number =>
  Math.max(200, Math.round((width * height * 0.0026) / 100) * 100);
const nothing = (): void => {};

interface Props {
  readonly settings: ExportSettings & { readonly video: ExportVideo };
  /** The timeline's. */
  readonly own: Settings;
  readonly containers: readonly Container[];
  readonly onContainer: (container: Container) => void;
  readonly onChange: (changes: Partial<ExportVideo>) => void;
  readonly onSmart: (smart: boolean) => void;
}

/** Size, rate, codec and quality of the pictures. */
export function PictureSection({ settings, own, containers, onContainer, onChange, onSmart }: Props) {
  const { video, container } = settings;
  const codecs = containerInfo[container].video;
  return (
    <Section title="Picture">
      {containers.length > 1 ? (
        <SelectRow
          label="File"
          value={container}
          options={containers.map((each) => [each, containerWords[each]] as const)}
          onChange={onContainer}
        />
      ) : null}
      {codecs.length > 1 ? (
        <SelectRow
          label="Codec"
          value={video.codec}
          options={codecs.map((each) => [each, videoCodecWords[each]] as const)}
          onChange={(codec) => onChange({ codec })}
        />
      ) : null}
      <Size video={video} own={own} onChange={onChange} />
      <SelectRow
        label="Rate"
        value={
          video.rate === null ? "own" : (rates.find((name) => sameRate(FRAME_RATES[name], video.rate!)) ?? "other")
        }
        options={[
          ["own", `As the timeline, ${formatRate(own.rate)}`],
          ...rates.map((name) => [name, `${name} frames a second`] as const),
          ...(video.rate !== null && !rates.some((name) => sameRate(FRAME_RATES[name], video.rate!))
            ? [["other", `${formatRate(video.rate)} frames a second`] as const]
            : []),
        ]}
        onChange={(name) => {
          if (name !== "other") onChange({ rate: name === "own" ? null : FRAME_RATES[name] });
        }}
      />
      {hasQuality(video) ? <Quality video={video} own={own} onChange={onChange} /> : null}
      {alphaCodecs.includes(video.codec) ? (
        <CheckRow label="Keep what is transparent" checked={video.alpha} onChange={(alpha) => onChange({ alpha })} />
      ) : null}
      {bitrateCodecs.includes(video.codec) ? (
        <CheckRow
          label="Encode with the graphics hardware where that works"
          checked={video.encoder === "auto"}
          onChange={(auto) => onChange({ encoder: auto ? "auto" : "software" })}
        />
      ) : null}
      {video.codec === "h264" ? (
        <CheckRow
          label="Copy what is untouched instead of encoding it again"
          checked={settings.smart}
          onChange={onSmart}
        />
      ) : null}
    </Section>
  );
}

function Size({ video, own, onChange }: Pick<Props, "own" | "onChange"> & { readonly video: ExportVideo }) {
  const { width, height } = video;
  const size = `${width}×${height}`;
  const known = width === null ? "own" : sizes.find((each) => each === size);
  const set = (changes: { readonly width?: number; readonly height?: number }) =>
    onChange({ width: width ?? own.width, height: height ?? own.height, ...changes });
  return (
    <>
      <SelectRow
        label="Size"
        value={known ?? "other"}
        options={[
          ["own", `As the timeline, ${own.width}×${own.height}`],
          ...sizes.map((each) => [each, each] as const),
          ["other", "Other …"],
        ]}
        onChange={(next) => {
          if (next === "own") return onChange({ width: null, height: null });
          // One more row to type in: the same size, so that nothing changes until something is typed.
          if (next === "other") return set({ width: (width ?? own.width) + (known === undefined ? 0 : 2) });
          const [w, h] = next.split("×").map(Number);
          onChange({ width: w!, height: h! });
        }}
      />
      {known === undefined ? (
        <Row label="">
          <NumberInput
            label="Width of the film in pixels"
            value={width}
            min={16}
            max={8192}
            step={2}
            digits={0}
            unit=""
            onChange={(value) => set({ width: Math.round(value) })}
            onEnd={nothing}
          />
          <span aria-hidden>×</span>
          <NumberInput
            label="Height of the film in pixels"
            value={height}
            min={16}
            max={8192}
            step={2}
            digits={0}
            unit=""
            onChange={(value) => set({ height: Math.round(value) })}
            onEnd={nothing}
          />
        </Row>
      ) : null}
    </>
  );
}

function Quality({ video, own, onChange }: Pick<Props, "own" | "onChange"> & { readonly video: ExportVideo }) {
  const { bitrate, codec } = video;
  const usual = usualBitrate(video.width ?? own.width, video.height ?? own.height);
  return (
    <>
      {bitrateCodecs.includes(codec) ? (
        <SelectRow
          label="Size by"
          value={bitrate === null ? "quality" : "bitrate"}
          options={[
            ["quality", "Quality: as many bits as it needs"],
            ["bitrate", "Bitrate: a size that is known"],
          ]}
          onChange={(by) => onChange({ bitrate: by === "quality" ? null : usual })}
        />
      ) : null}
      {bitrate === null ? (
        <SliderField
          label="Quality"
          min={0}
          max={100}
          value={video.quality}
          onChange={(quality) => onChange({ quality: Math.min(100, Math.max(0, Math.round(quality))) })}
        />
      ) : (
        <Row label="Bitrate">
          <NumberInput
            label="Bitrate of the pictures"
            value={bitrate}
            min={50}
            max={800_000}
            step={100}
            digits={0}
            unit="kbit/s"
            onChange={(value) => onChange({ bitrate: Math.round(value) })}
            onEnd={nothing}
          />
        </Row>
      )}
    </>
  );
}
