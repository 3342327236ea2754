import { Copy } from "lucide-react";
import { useStudio } from "../state/context.ts";

/** Name, value, and how it is shown: "copy" and "hash" may be copied, "hash" is shortened. */
export type Fact = readonly [name: string, value: string, kind?: "copy" | "hash"];

export function Facts({ title, rows }: { readonly title: string; readonly rows: readonly Fact[] }) {
  const { actions } = useStudio();
  return (
    <section className="facts">
      {title === "" ? null : <h3>{title}</h3>}
      <dl>
        {rows.map(([name, value, kind]) => (
          <div key={name} className="facts__row">
            <dt>{name}</dt>
            <dd title={value} dir="auto" className={/^[\d.×]/.test(value) || kind ? "mono" : ""}>
              {kind ? (
                <button
                  type="button"
                  className="facts__copy"
                  title={`Copy ${value}`}
                  onClick={() => void actions.copy(value, name)}
                >
                  {kind === "hash" ? `${value.slice(0, 12)}…` : value}
                  <span className="visually-hidden">, copy</span>
                  <Copy size={11} aria-hidden />
                </button>
              ) : (
                value
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
