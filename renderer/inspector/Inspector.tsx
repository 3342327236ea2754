import "./inspector.css";
import {
  Clipboard,
  Copy,
  FolderOpen,
  RefreshCw,
  RotateCcw,
  Shuffle,
  Sparkle,
  TextCursorInput,
  Trash2,
  X,
} from "lucide-react";
import { useMemo } from "react";
import type { Clip, JobSnapshot } from "../../core/contract/index.ts";
import { checkSentence } from "../../core/vision/index.ts";
import { useItems, usePromptChecks, useSelect, useStaleness, useStudio, useTitle } from "../state/context.ts";
import { isActive, type Item } from "../state/items.ts";
import { Button } from "../ui/Button.tsx";
import { formatBytes, formatMoment, formatSeconds } from "../ui/format.ts";
import { etaWords, phaseWords } from "../ui/words.ts";
import { Facts } from "./Facts.tsx";
import { RequestFacts } from "./RequestFacts.tsx";
import { StudioFacts } from "./StudioFacts.tsx";

/** What is selected, explained in full; the studio itself when nothing is. */
export function Inspector() {
  const items = useItems();
  const selected = useSelect((state) => state.selected);
  const item = items.find(({ key }) => key === selected);
  return (
    // Keyboard users scroll it, so it takes focus.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <aside className="inspector" aria-label="Inspector" tabIndex={0}>
      {item ? <ItemFacts key={item.key} item={item} /> : <StudioFacts />}
    </aside>
  );
}

const headings = {
  queued: "Waiting clip",
  running: "Clip in the making",
  waiting: "Keyframes to look at",
  paused: "Paused clip",
  done: "Clip",
  failed: "Failed clip",
  cancelled: "Stopped clip",
} as const;

function ItemFacts({ item }: { readonly item: Item }) {
  const { actions } = useStudio();
  const { clip, job } = item;
  const title = useTitle(item);
  const stale = useStaleness(clip);
  const check = usePromptChecks(useMemo(() => [item], [item])).get(item.key);
  const isAnimation = item.kind === "animate";
  const open = useSelect((state) => state.lane?.job);
  const asking = isAnimation && item.job?.state === "waiting" && item.job.id !== open ? item.job : null;
  return (
    <>
      <div className="inspector__head">
        <h2>
          <Sparkle size={12} className="inspector__star" aria-hidden />
          {headings[item.state]}
        </h2>
        <Button
          kind="quiet"
          icon={<X size={14} aria-hidden />}
          label="Deselect (Esc)"
          onClick={() => actions.select(null)}
        />
      </div>
      <div className="inspector__prompt">
        <p dir="auto">{title}</p>
        <Button
          kind="quiet"
          icon={<Copy size={14} aria-hidden />}
          label="Copy the prompt"
          onClick={() => void actions.copy(title, "Prompt")}
        />
      </div>
      {check === undefined ? null : <p className="inspector__check">{checkSentence(check)}</p>}
      {stale && isAnimation ? (
        <section className="inspector__problem inspector__problem--stale">
          <p>{stale}</p>
          <Button icon={<RefreshCw size={13} aria-hidden />} onClick={() => actions.animations.reuse(item)}>
            Re-animate
          </Button>
        </section>
      ) : null}
      {asking ? (
        <div className="inspector__actions">
          <Button className="inspector__wide" kind="primary" onClick={() => actions.animations.openJob(asking)}>
            Look at the keyframes
          </Button>
        </div>
      ) : null}
      <div className="inspector__actions">
        <Button
          icon={<RotateCcw size={14} aria-hidden />}
          label="Same seed, same picture (R)"
          onClick={() => void actions.makeAgain(item)}
        >
          Make again
        </Button>
        <Button
          icon={<Shuffle size={14} aria-hidden />}
          label="The same with a new seed (V)"
          onClick={() => void actions.vary(item)}
        >
          Variation
        </Button>
        <Button
          className="inspector__wide"
          icon={<TextCursorInput size={14} aria-hidden />}
          label={isAnimation ? "Open as it was made (U)" : "Put prompt and settings into the prompt box (U)"}
          onClick={() => actions.reuse(item)}
        >
          {isAnimation ? "Open in the motion lane" : "Use these settings"}
        </Button>
      </div>
      {job && item.state !== "done" ? <JobFacts job={job} /> : null}
      <RequestFacts item={item} />
      {clip ? <ClipFacts clip={clip} /> : null}
      <div className="inspector__actions inspector__actions--last">
        {clip ? (
          <>
            <Button icon={<FolderOpen size={14} aria-hidden />} onClick={() => void actions.reveal(item)}>
              Show in folder
            </Button>
            <Button
              icon={<Clipboard size={14} aria-hidden />}
              label="Copy everything needed to make this clip again"
              onClick={() => void actions.copy(JSON.stringify(clip.record, null, 2), "Record")}
            >
              Copy record
            </Button>
          </>
        ) : null}
        <Button
          className="inspector__wide"
          icon={job && isActive(job) ? <X size={14} aria-hidden /> : <Trash2 size={14} aria-hidden />}
          onClick={() => void actions.remove(item)}
        >
          {job && isActive(job) ? "Stop" : "Remove"}
        </Button>
      </div>
    </>
  );
}

function JobFacts({ job }: { readonly job: JobSnapshot }) {
  const { error, progress } = job;
  if (error) {
    return (
      <section className="inspector__problem">
        <h3>What went wrong</h3>
        <p>{error.message}</p>
        {error.detail ? (
          <details>
            <summary>Details</summary>
            <pre className="mono">{`${error.code}\n${error.detail}`}</pre>
          </details>
        ) : null}
      </section>
    );
  }
  if (job.state !== "running") return null;
  const eta = etaWords(progress);
  return <Facts title="Now" rows={[["Doing", phaseWords(progress)], ...(eta ? [["Time", eta] as const] : [])]} />;
}

const phaseNames: Readonly<Record<string, string>> = {
  load: "Load model",
  calibrate: "Measure for int8",
  open: "Open model",
  listen: "Listen",
  "keyframes: denoise": "Keyframes",
  "keyframes: decode": "Draw keyframes",
  "motion: denoise": "Motion",
  "motion: decode": "Draw frames",
  prepare: "Prepare model",
  text: "Prompt",
  denoise: "Denoise",
  decode: "Draw frames",
  encode: "Write file",
};

function ClipFacts({ clip }: { readonly clip: Clip }) {
  const { record } = clip;
  const phases = Object.entries(record.seconds).filter(([, seconds]) => seconds > 0);
  const total = phases.reduce((sum, [, seconds]) => sum + seconds, 0);
  return (
    <>
      <section className="facts">
        <h3>
          Time <span className="mono">{formatSeconds(total)}</span>
        </h3>
        <div className="phases" aria-hidden>
          {phases.map(([phase, seconds]) => (
            <span key={phase} style={{ flexGrow: seconds / total }} />
          ))}
        </div>
        <dl>
          {phases.map(([phase, seconds]) => (
            <div key={phase} className="facts__row">
              <dt>{phaseNames[phase] ?? phase}</dt>
              <dd className="mono">{formatSeconds(seconds)}</dd>
            </div>
          ))}
        </dl>
      </section>
      <Facts
        title="File"
        rows={[
          ["Name", clip.fileName],
          ["Bytes", formatBytes(clip.bytes)],
          ["Made", formatMoment(record.createdAt)],
        ]}
      />
      <Facts
        title="Proof"
        rows={[
          ["Frames", record.framesSha256, "hash"],
          ["Weights", record.model.weightsSha256, "hash"],
          ["Checkpoint", record.model.sourceSha256, "hash"],
          [
            "Engine",
            `ONNX Runtime ${record.runtime.onnxruntime}, ${record.runtime.executionProvider}, ${record.runtime.threads} threads`,
          ],
          ["App", record.runtime.app],
        ]}
      />
    </>
  );
}
