import type { GenerateJob } from "../../core/contract/index.ts";
import { ClipVideo } from "../create/ClipVideo.tsx";
import { LatentPreview } from "../create/LatentPreview.tsx";
import { useSelect, useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { plural } from "../ui/format.ts";
import { Modal } from "../ui/Modal.tsx";
import { nameOf, phaseWords } from "../ui/words.ts";
import { batchGrid } from "./queue-view.ts";

/** The clips of one list or sweep side by side, by what they differ in. */
export function BatchSheet({ jobs, onClose }: { readonly jobs: readonly GenerateJob[]; readonly onClose: () => void }) {
  const { actions, editUi } = useStudio();
  const grid = batchGrid(jobs);
  const done = jobs.filter(({ state }) => state === "done").length;
  return (
    <Modal label="Clips that were queued together" className="queue-sheet queue-sheet--wide" onClose={onClose}>
      <h2 className="queue-sheet__title">
        {plural(jobs.length, "clip")} side by side <span className="queue-row__facts">{done} done</span>
      </h2>
      <div className="batch">
        <table className="batch__table">
          <caption className="visually-hidden">
            {[grid.down, grid.across].filter(Boolean).join(" by ") || "Clips"}
          </caption>
          <thead>
            <tr>
              <td className="batch__corner">
                {grid.down ?? ""}
                {grid.down && grid.across ? " ↓  " : ""}
                {grid.across ? `${grid.across} →` : ""}
              </td>
              {grid.columns.map((column) => (
                <th key={column} scope="col" className="batch__label" title={column}>
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {grid.rows.map(({ label, cells }) => (
              <tr key={label}>
                <th scope="row" className="batch__label" title={label}>
                  {label}
                </th>
                {cells.map((job, i) => (
                  <td key={job?.id ?? grid.columns[i]} className="batch__cell">
                    {job === null ? null : (
                      <Cell
                        job={job}
                        onShow={() => {
                          editUi.setState({ workspace: "create" });
                          actions.select(`job:${job.id}`);
                          onClose();
                        }}
                      />
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="queue-sheet__buttons">
        <Button onClick={onClose}>Close</Button>
      </div>
    </Modal>
  );
}

function Cell({ job, onShow }: { readonly job: GenerateJob; readonly onShow: () => void }) {
  const clip = useSelect((state) => state.clips.find(({ id }) => id === job.clip?.id));
  const { state, progress, error, request } = job;
  const words =
    state === "running"
      ? phaseWords(progress)
      : state === "failed"
        ? (error?.message ?? "Failed")
        : state === "done"
          ? "Removed"
          : "Waiting";
  return (
    <button
      type="button"
      className="batch__clip"
      style={{ aspectRatio: `${request.width} / ${request.height}` }}
      aria-label={`Show ${nameOf(job)}, seed ${request.seed}`}
      onClick={onShow}
    >
      {clip ? (
        <ClipVideo clip={clip} onReady={() => {}} />
      ) : (
        <>
          {job.preview ? <LatentPreview job={job} /> : null}
          <span className="batch__words">{words}</span>
        </>
      )}
    </button>
  );
}
