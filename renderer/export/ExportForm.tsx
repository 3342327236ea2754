import { Camera, RotateCcw, Upload } from "lucide-react";
import { useMemo } from "react";
import {
  alphaCodecs,
  containerInfo,
  endOfTimeline,
  type ExportAudio,
  type ExportSettings,
  type ExportVideo,
} from "../../core/export/index.ts";
import { formatTimecode } from "../../core/time/index.ts";
import { Section, SelectRow } from "../edit-inspector/fields/rows.tsx";
import { attempt } from "../state/attempt.ts";
import { useProject, useStudio } from "../state/context.ts";
import { useTransport } from "../state/transport.ts";
import { Button } from "../ui/Button.tsx";
import { type Choice, containersFor, isChanged, presetOf, settingsOf, withPreset } from "./choice.ts";
import { Forecast, forecastOff, useForecast } from "./Forecast.tsx";
import { NameField, titleOff } from "./NameField.tsx";
import { PictureSection } from "./PictureSection.tsx";
import { RecordSection } from "./RecordSection.tsx";
import { SoundSection } from "./SoundSection.tsx";

interface Props {
  readonly choice: Choice;
  readonly title: string;
  readonly onTitle: (title: string) => void;
  readonly onChoice: (change: (now: Choice) => Choice) => void;
}

/** Everything that can be chosen about a film, and what will come of it. */
export function ExportForm({ choice, title, onTitle, onChoice }: Props) {
  const { client, store } = useStudio();
  const id = useProject(({ state }) => state?.id ?? null);
  const document = useProject((view) => view.document);
  const inPoint = useTransport((state) => state.inPoint);
  const outPoint = useTransport((state) => state.outPoint);
  const end = endOfTimeline(document);
  const settings = useMemo(
    () => settingsOf(choice, document, { inPoint, outPoint }, end),
    [choice, document, inPoint, outPoint, end],
  );
  const { forecast, problem, isOld } = useForecast(id, settings);
  const change = (part: Partial<Choice>) => onChoice((now) => ({ ...now, ...part }));
  const changeVideo = (part: Partial<ExportVideo>) => onChoice((now) => ({ ...now, video: { ...now.video, ...part } }));
  const changeAudio = (part: Partial<ExportAudio>) =>
    onChoice((now) => ({ ...now, audio: { ...(now.audio === "none" ? {} : now.audio), ...part } }));
  const preset = presetOf(choice);
  const isOwn = isChanged(choice);
  const { video, audio, container } = settings;
  const start = () =>
    void attempt(store, async () => {
      await client.call("exports.start", { project: id!, settings, name: title });
    });
  return (
    <section className="export__settings" aria-label="Settings">
      <header className="export__head">
        <h2 className="export__title">{isOwn ? `Custom, from ${preset.name}` : preset.name}</h2>
        <p className="export__hint">{isOwn ? "Settings of your own." : `${preset.about}.`}</p>
        {isOwn ? (
          <Button
            kind="quiet"
            icon={<RotateCcw size={13} aria-hidden />}
            label={`Back to ${preset.name} as it comes`}
            onClick={() => onChoice((now) => withPreset(now, now.preset))}
          />
        ) : null}
      </header>
      <div className="export__form">
        <NameField title={title} onTitle={onTitle} extension={containerInfo[container].extension} />
        <div className="export__range">
          <SelectRow
            label="Range"
            value={choice.marked ? "marked" : "all"}
            options={[
              ["all", "The whole timeline"],
              ["marked", inPoint === null && outPoint === null ? "From in to out (set I and O)" : "From in to out"],
            ]}
            onChange={(range) => change({ marked: range === "marked" })}
          />
        </div>
        {video === null ? null : (
          <PictureSection
            settings={{ ...settings, video }}
            own={document.settings}
            containers={containersFor(preset)}
            onContainer={(next) => change({ container: next === preset.settings.container ? null : next })}
            onChange={changeVideo}
            onSmart={(smart) => change({ smart })}
          />
        )}
        {preset.settings.audio === null ? null : (
          <SoundSection
            audio={audio}
            container={container}
            own={document.settings.sampleRate}
            canBeSilent={video !== null}
            onChange={changeAudio}
            onSilent={(silent) => change({ audio: silent ? "none" : {} })}
          />
        )}
        {video === null ? null : <Poster settings={settings} onChange={(poster) => change({ poster })} />}
        <RecordSection
          document={document}
          range={settings.range ?? { start: 0, duration: Math.max(1, end) }}
          record={choice.record}
          credentials={choice.credentials}
          onChange={change}
        />
      </div>
      <footer className="export__foot">
        <Forecast
          forecast={forecast}
          problem={problem}
          isOld={isOld}
          alpha={video?.alpha === true && alphaCodecs.includes(video.codec)}
        />
        <Button
          kind="primary"
          icon={<Upload size={14} aria-hidden />}
          off={forecastOff({ forecast, problem }) ?? titleOff(title)}
          onClick={start}
        >
          Export
        </Button>
      </footer>
    </section>
  );
}

/** A picture that is written beside the film. */
function Poster({
  settings: { poster },
  onChange,
}: {
  readonly settings: ExportSettings;
  readonly onChange: (poster: number | null) => void;
}) {
  const { transport } = useStudio();
  const { rate, dropFrame } = useProject((view) => view.document.settings);
  return (
    <Section title="Poster">
      <div className="export__poster">
        <span className="export__hint">
          {poster === null ? "No picture beside the film." : `A PNG of ${formatTimecode(poster, { rate, dropFrame })}`}
        </span>
        <Button
          icon={<Camera size={13} aria-hidden />}
          label="Take the frame at the playhead as poster"
          onClick={() => onChange(transport.time)}
        >
          This frame
        </Button>
        {poster === null ? null : (
          <Button kind="quiet" onClick={() => onChange(null)}>
            None
          </Button>
        )}
      </div>
    </Section>
  );
}
