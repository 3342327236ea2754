import "./palette.css";
import { X } from "lucide-react";
import { useEffect, useState } from "react";
import { useEditUi, useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";

/** The steps of the project's history; a click goes there. */
export function History() {
  const isShown = useEditUi((ui) => ui.showsHistory);
  return isShown ? <ShownHistory /> : null;
}

/** The list goes along with the steps. */
const inSight = (element: HTMLElement | null): void => element?.scrollIntoView({ block: "nearest" });

interface Steps {
  readonly past: readonly string[];
  readonly future: readonly string[];
}

function ShownHistory() {
  const { project, editUi } = useStudio();
  const [steps, setSteps] = useState<Steps>({ past: [], future: [] });
  useEffect(() => {
    let turn = 0;
    async function ask(): Promise<void> {
      const own = ++turn;
      const next = await project.history().catch(() => null);
      if (own === turn && next !== null) setSteps(next);
    }
    void ask();
    const stop = project.store.subscribe((view, before) => {
      if (view.steps !== before.steps || view.state?.id !== before.state?.id) void ask();
    });
    return () => {
      turn = -1;
      stop();
    };
  }, [project]);
  const at = steps.past.length;
  const labels = ["As it was opened", ...steps.past, ...steps.future];

  function go(to: number): void {
    for (let n = at; n > to; n--) project.undo();
    for (let n = at; n < to; n++) project.redo();
  }

  return (
    <section className="history" aria-label="History">
      <div className="history__head">
        <h2>History</h2>
        <Button
          kind="quiet"
          icon={<X size={14} aria-hidden />}
          label="Close the history"
          onClick={() => editUi.setState({ showsHistory: false })}
        />
      </div>
      <ol className="history__list">
        {labels.map((label, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- a step is its place
          <li key={index}>
            <button
              type="button"
              className="history__item"
              aria-current={index === at ? "step" : undefined}
              ref={index === at ? inSight : undefined}
              data-undone={index > at}
              title={label}
              onClick={() => go(index)}
            >
              {label}
              {index > at ? <span className="visually-hidden">, undone</span> : null}
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
