import "./empty-state.css";
import { useModel, useStudio } from "../state/context.ts";
import { Mark } from "../ui/Mark.tsx";
import { MoreModels } from "../ui/MoreModels.tsx";

/** Nothing yet: one sentence, what the model knows, and examples that fill the prompt. */
export function EmptyState() {
  const { actions } = useStudio();
  const model = useModel();
  return (
    <section className="empty" aria-label="Start here">
      <div className="empty__mark">
        <Mark size={44} />
      </div>
      <h2 className="empty__title">Write a sentence, or drop a picture and a sound.</h2>
      {model ? (
        <>
          <p className="empty__about">
            {model.about}
            {model.bundled ? " It comes with the studio." : ""}
          </p>
          <h3 className="empty__examples-title">Try one</h3>
          <ul className="empty__examples">
            {model.examplePrompts.slice(0, 6).map((prompt) => (
              <li key={prompt}>
                <button
                  type="button"
                  className="example"
                  onClick={() => {
                    actions.edit({ prompt });
                    document.querySelector<HTMLElement>("#prompt")?.focus();
                  }}
                >
                  {prompt}
                </button>
              </li>
            ))}
          </ul>
        </>
      ) : (
        <p className="empty__about">
          The model that comes with the studio is being prepared. This happens once, at the first start.
        </p>
      )}
      <MoreModels />
    </section>
  );
}
