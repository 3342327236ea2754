import { type ExportSettings, recordsIn } from "../../core/export/index.ts";
import type { TimeRange } from "../../core/time/index.ts";
import type { Timeline } from "../../core/timeline/index.ts";
import { recordSchema } from "../../core/contract/index.ts";
import { CheckRow, Section } from "../edit-inspector/fields/rows.tsx";
import { plural } from "../ui/format.ts";

interface Props {
  readonly document: Timeline;
  readonly range: TimeRange;
  readonly record: ExportSettings["record"];
  readonly credentials: boolean;
  readonly onChange: (change: Partial<Pick<ExportSettings, "record" | "credentials">>) => void;
}

/** What the file tells of how its generated clips were made: all of it is shown here, and can be left out. */
export function RecordSection({ document, range, record, credentials, onChange }: Props) {
  const { records, whole } = recordsIn(document, range);
  const known = records.flatMap((each) => recordSchema.safeParse(each).data ?? []);
  return (
    <Section title="How it was made">
      {records.length === 0 ? (
        <p className="export__hint">No clip in this range was generated: there is nothing to tell.</p>
      ) : (
        <>
          <CheckRow
            label="Write into the file how its clips were made"
            checked={record !== "none"}
            onChange={(on) => onChange({ record: on ? "full" : "none" })}
          />
          <CheckRow
            label="Leave the prompts out"
            checked={record === "without-prompts"}
            onChange={(out) => onChange({ record: out ? "without-prompts" : "full" })}
          />
          {record === "none" ? null : (
            <>
              <CheckRow
                label="Sign it with Content Credentials (C2PA)"
                checked={credentials}
                onChange={(on) => onChange({ credentials: on })}
              />
              <p className="export__hint">
                Signed with this studio’s own certificate: it shows whether the file was changed since. No public trust
                list knows it.
              </p>
            </>
          )}
          {record === "none" ? null : (
            <details className="embedded">
              <summary>
                {plural(records.length, "generated clip")}: what the file tells of{" "}
                {records.length === 1 ? "it" : "them"}
              </summary>
              <p className="export__hint">
                That {whole ? "a model made it" : "a model made parts of it"}, for everybody who asks; seeds, sizes,
                steps, models and the hashes of their weights, and of what went in. Never a folder or a person’s name.
              </p>
              <ul className="embedded__records">
                {known.map(({ request, model, framesSha256 }) => (
                  <li key={framesSha256}>
                    <span className="offer__star" aria-hidden>
                      ✦
                    </span>
                    {record === "full" ? request.prompt || "No prompt" : "Prompt left out"}
                    <span className="export__hint">
                      {" "}
                      · seed {request.seed} · {model.name}
                    </span>
                  </li>
                ))}
              </ul>
            </details>
          )}
        </>
      )}
    </Section>
  );
}
