import "./cards.css";
import { useState } from "react";
import { Check, Download, ExternalLink, Pause, Play, Square, Trash2 } from "lucide-react";
import {
  type CatalogueCard as Card,
  type CatalogueEntry,
  downloadBytes,
  installedBytes,
  type ModelJob,
  type ModelSummary,
  type WeightFormat,
  weightFormatSchema,
  weightWords,
} from "../../core/contract/index.ts";
import { attempt } from "../state/attempt.ts";
import { useSelect, useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { formatBytes, formatMemory } from "../ui/format.ts";
import { etaWords, phaseWords } from "../ui/words.ts";
import { useEntryJob } from "./use-model-store.ts";
import { WeightsChoice } from "./WeightsChoice.tsx";

const works: Readonly<Record<CatalogueEntry["work"], string>> = {
  "text-to-video": "Clips from words",
  animate: "Pictures move to sound",
  vision: "Looks at pictures",
};

interface Props {
  readonly card: Card;
  /** Of the disk that models lie on; null where it does not say. */
  readonly freeBytes: number | null;
  /** The user wants it, in these weights: shows its terms. */
  readonly onGet: (weights: WeightFormat) => void;
  readonly onChange: () => void;
}

/** One official release: what it does, what it takes, under which terms, and how far it is. */
export function CatalogueCard({ card, freeBytes, onGet, onChange }: Props) {
  const { client, store } = useStudio();
  const [chosen, setChosen] = useState<WeightFormat>("fp32");
  const { entry, isInstalled, acceptedAt } = card;
  const job = useEntryJob(entry.id);
  // What is under way goes on as it was asked for.
  const asked = isOpen(job) ? weightFormatSchema.safeParse(job?.request["weights"]) : null;
  const weights = asked?.data ?? chosen;
  const open = (what: "page" | "licence") => () =>
    void attempt(store, async () => void (await client.call("models.open", { id: entry.id, what })));
  const title = `model-${entry.id}`;
  return (
    <li className="model" aria-labelledby={title} data-installed={isInstalled}>
      <div className="model__head">
        <h4 id={title} className="model__name">
          {entry.name}
        </h4>
        <span className="model__work">{works[entry.work]}</span>
      </div>
      <p className="model__about">{entry.about}</p>
      <Needs card={card} freeBytes={freeBytes} weights={weights} onWeights={isOpen(job) ? null : setChosen} />
      {entry.source.kind === "hub" ? null : <p className="model__how">{entry.source.how}</p>}
      <div className="model__terms">
        {entry.licence.isCommercialUseAllowed ? null : <span className="badge">Non-commercial</span>}
        {entry.licence.isRedistributionAllowed ? null : <span className="badge">No redistribution</span>}
        <button type="button" className="model__link" onClick={open("licence")} title={entry.licence.url}>
          {entry.licence.name}
          <ExternalLink size={11} aria-hidden />
          <span className="visually-hidden"> (opens in the browser)</span>
        </button>
        {acceptedAt ? (
          <span className="model__accepted">accepted on {new Date(acceptedAt).toLocaleDateString()}</span>
        ) : null}
      </div>
      <div className="model__foot">
        {isInstalled ? (
          <span className="model__done">
            <Check size={14} aria-hidden />
            Installed
          </span>
        ) : entry.source.kind === "hub" ? (
          <Progressing
            card={card}
            freeBytes={freeBytes}
            weights={weights}
            job={job}
            onGet={onGet}
            onChange={onChange}
          />
        ) : null}
        <span className="model__space" />
        <Button kind="quiet" icon={<ExternalLink size={13} aria-hidden />} onClick={open("page")}>
          {entry.maker === "AMD" ? "AMD’s page" : "Its page"}
        </Button>
      </div>
    </li>
  );
}

const isOpen = (job: ModelJob | null): boolean =>
  job !== null && (job.state === "running" || job.state === "queued" || job.state === "paused");

/** Bytes that installing it takes at its peak: smaller weights are measured beside the published ones. */
const roomOf = ({ entry, roomBytes }: Card, weights: WeightFormat): number =>
  roomBytes + (weights === "fp32" ? 0 : (installedBytes(entry, weights) ?? entry.needs.installedBytes));

const formatOf = ({ weights }: ModelSummary): WeightFormat => weights?.format ?? "fp32";

/** What an installed entry would take in the formats that it is not in. */
const othersWords = (entry: CatalogueEntry, installed: ModelSummary): string =>
  `It would take ${weightFormatSchema.options
    .filter((format) => format !== formatOf(installed))
    .flatMap((format) => {
      const bytes = installedBytes(entry, format);
      return bytes === null ? [] : [`${formatBytes(bytes)} in ${weightWords[format]}`];
    })
    .join(", ")}.`;

interface NeedsProps extends Pick<Props, "card" | "freeBytes"> {
  readonly weights: WeightFormat;
  /** Null: it is too late to choose. */
  readonly onWeights: ((weights: WeightFormat) => void) | null;
}

function Needs({ card, freeBytes, weights, onWeights }: NeedsProps) {
  const { entry, isInstalled } = card;
  const system = useSelect((state) => state.system);
  const installed = useSelect((state) => state.models.find(({ id }) => id === entry.id));
  const { needs } = entry;
  const roomBytes = roomOf(card, weights);
  const hasRoom = freeBytes === null || freeBytes >= roomBytes;
  const isTooLarge = needs.memoryBytes !== null && system !== null && needs.memoryBytes > system.totalMemoryBytes;
  return (
    <>
      <dl className="model__needs">
        {entry.source.kind === "hub" ? (
          <div>
            <dt>Download</dt>
            <dd>{formatBytes(downloadBytes(entry))}</dd>
          </div>
        ) : null}
        {installed === undefined ? (
          <div>
            <dt>Installed</dt>
            <dd>{formatBytes(installedBytes(entry, weights) ?? needs.installedBytes)}</dd>
          </div>
        ) : (
          <div>
            <dt>On disk</dt>
            <dd>
              {formatBytes(installed.bytesOnDisk)} in {weightWords[formatOf(installed)]}
            </dd>
          </div>
        )}
        <div title={`${needs.basis.charAt(0).toUpperCase()}${needs.basis.slice(1)}.`}>
          <dt>Memory</dt>
          <dd>{needs.memoryBytes === null ? "not measured" : `about ${formatMemory(needs.memoryBytes)}`}</dd>
        </div>
      </dl>
      {installed === undefined || needs.smaller === undefined ? null : (
        <p className="model__others">{othersWords(entry, installed)}</p>
      )}
      {isInstalled || needs.smaller === undefined || onWeights === null ? null : (
        <WeightsChoice
          value={weights}
          onChange={onWeights}
          sizeOf={(format) => installedBytes(entry, format)}
          about={entry.name}
        />
      )}
      {hasRoom || isInstalled || entry.source.kind !== "hub" ? null : (
        <p className="model__problem">The disk has no room for it: {formatBytes(roomBytes)} are needed.</p>
      )}
      {isTooLarge && !isInstalled ? (
        <p className="model__problem">
          This computer has {formatMemory(system.totalMemoryBytes)} of memory: smaller sizes may still fit.
        </p>
      ) : null}
    </>
  );
}

function Progressing({
  card,
  freeBytes,
  weights,
  job,
  onGet,
  onChange,
}: Props & { readonly job: ModelJob | null; readonly weights: WeightFormat }) {
  const { client, store } = useStudio();
  const { entry, arrivedBytes, acceptedAt } = card;
  const hasRoom = freeBytes === null || freeBytes >= roomOf(card, weights);
  const call = (work: () => Promise<unknown>) => () => void attempt(store, async () => void (await work()));
  if (job !== null && isOpen(job)) {
    const { progress } = job;
    const isMoving = progress.phase === "download" || progress.phase === "verify";
    return (
      <div className="model__progress">
        <progress
          className="progress model__bar"
          aria-label={`Progress of ${entry.name}`}
          max={1}
          value={progress.fraction}
        />
        <span className="model__state">
          {job.state === "paused" ? "Paused" : job.state === "queued" ? "Waits for its turn" : phaseWords(progress)}
          {isMoving && progress.total > 0 ? ` · ${formatBytes(progress.done)} of ${formatBytes(progress.total)}` : ""}
          {job.speed === null || job.state !== "running" ? "" : ` · ${formatBytes(job.speed)}/s`}
          {job.state === "running" && etaWords(progress) ? ` · ${etaWords(progress)}` : ""}
        </span>
        {job.state === "paused" ? (
          <Button
            kind="quiet"
            icon={<Play size={13} aria-hidden />}
            label={`Go on with ${entry.name}`}
            onClick={call(() => client.call("jobs.resume", { id: job.id }))}
          />
        ) : (
          <Button
            kind="quiet"
            icon={<Pause size={13} aria-hidden />}
            label={`Pause ${entry.name}`}
            onClick={call(() => client.call("jobs.pause", { id: job.id }))}
          />
        )}
        <Button
          kind="quiet"
          icon={<Square size={11} fill="currentColor" aria-hidden />}
          label={`Stop ${entry.name}`}
          onClick={call(() => client.call("jobs.cancel", { id: job.id }))}
        />
      </div>
    );
  }
  return (
    <>
      {job?.state === "failed" ? (
        <p className="model__problem" role="alert">
          {job.error?.message}
        </p>
      ) : null}
      <Button
        kind={hasRoom ? "primary" : "plain"}
        icon={<Download size={14} aria-hidden />}
        off={
          hasRoom
            ? null
            : `The disk has no room for it: free ${formatBytes(roomOf(card, weights))}, or move the models to another disk.`
        }
        onClick={
          acceptedAt === null
            ? () => onGet(weights)
            : call(() => client.call("models.download", { id: entry.id, weights }))
        }
      >
        {arrivedBytes > 0 ? `Go on (${formatBytes(arrivedBytes)} are here)` : `Get ${entry.name}`}
      </Button>
      {arrivedBytes > 0 ? (
        <Button
          kind="quiet"
          icon={<Trash2 size={13} aria-hidden />}
          onClick={call(async () => {
            await client.call("models.discard", { id: entry.id });
            onChange();
          })}
        >
          Discard
        </Button>
      ) : null}
    </>
  );
}
