import { hasPartFor, type Subject, mediaOf } from "../../core/timeline/index.ts";
import type { MaskStatus } from "../../core/contract/index.ts";
import { useStore } from "zustand";
import { useProject, useStudio } from "../state/context.ts";
import type { Found } from "../timeline/selection.ts";
import { Button } from "../ui/Button.tsx";
import { common } from "./clip-values.ts";
import { CheckRow, Row, Section, SelectRow } from "./fields/rows.tsx";
import { ParameterColourRow, ParameterRow } from "./ParameterRow.tsx";

const effects = [
  ["off", "Whole picture"],
  ["none", "Cut out"],
  ["blur", "Blur the background"],
  ["grey", "Colour only the subject"],
  ["colour", "Plain background"],
  ["media", "Other background"],
] as const satisfies readonly (readonly [Subject["background"] | "off", string])[];

/** What is done with the subject of the selected pictures and films. */
export function SubjectSection({ found }: { readonly found: readonly Found[] }) {
  const { project } = useStudio();
  const height = useProject((view) => view.document.settings.height);
  const clips = found.map(({ item }) => item.clip);
  const ids = clips.map(({ id }) => id);
  const masked = clips.filter(({ subject }) => subject !== undefined);
  const effect = common(clips, ({ subject }) => subject?.background ?? "off");
  const set = (subject: Partial<Subject> | null) => project.perform("setSubject", { clips: ids, subject });
  const single = found.length === 1 ? found[0]! : null;
  return (
    <Section title="Subject" closed={masked.length === 0}>
      <SelectRow
        label="Effect"
        value={effect}
        options={effects}
        usual="off"
        onChange={(next) => set(next === "off" ? null : { background: next })}
      />
      {masked.length === 0 ? null : (
        <>
          {single === null ? null : <MaskState found={single} />}
          {effect === "colour" ? (
            <ParameterColourRow
              found={found.filter(({ item }) => hasPartFor(item.clip, "subjectColour"))}
              name="subjectColour"
              label="Background"
            />
          ) : null}
          {effect === "media" ? <BackgroundMedia found={found} onChange={(media) => set({ media })} /> : null}
          {effect === "blur" ? (
            <ParameterRow
              found={found}
              name="subjectBlur"
              label="Blur"
              factor={height}
              unit="px"
              digits={1}
              step={0.5}
              slider={[0, height * 0.1]}
            />
          ) : null}
          <ParameterRow
            found={found}
            name="subjectFeather"
            label="Soft edge"
            factor={100}
            unit="%"
            digits={1}
            step={0.1}
            slider={[0, 10]}
          />
          <ParameterRow
            found={found}
            name="subjectGrow"
            label="Grow"
            factor={100}
            unit="%"
            digits={1}
            step={0.1}
            slider={[-5, 5]}
          />
          <CheckRow
            label="The other way round"
            checked={masked.every(({ subject }) => subject!.inverted)}
            onChange={(inverted) => set({ inverted })}
          />
        </>
      )}
    </Section>
  );
}

/** The media of the project that can stand behind a subject. */
function BackgroundMedia(props: { readonly found: readonly Found[]; readonly onChange: (media: string) => void }) {
  const media = useProject((view) => view.document.media);
  const pictures = Object.values(media).filter(({ size }) => size !== null);
  const chosen = common(
    props.found.map(({ item }) => item.clip),
    ({ subject }) => subject?.media ?? "",
  );
  const choose = ["", "Choose one …"] as const;
  return (
    <SelectRow
      label="Background"
      value={chosen}
      options={[...(chosen === "" ? [choose] : []), ...pictures.map(({ id, name }) => [id, name] as const)]}
      onChange={(id) => id !== "" && props.onChange(id)}
    />
  );
}

/** How far the search for the subject is, what it found, and what of that counts. */
function MaskState({ found }: { readonly found: Found }) {
  const { subjectMasks, project } = useStudio();
  const document = useProject((view) => view.document);
  const { clip } = found.item;
  const media = mediaOf(document, clip);
  const status = useStore(subjectMasks.store, (view) => (media === null ? undefined : view.status[media.id]));
  const { kinds } = clip.subject ?? { kinds: null };
  const known = [...new Set([...(status?.kinds ?? []), ...(kinds ?? [])])];
  const choose = (kind: string, counts: boolean) => {
    const next = counts ? [...(kinds ?? known), kind] : (kinds ?? known).filter((each) => each !== kind);
    const all = known.every((each) => next.includes(each));
    project.perform("setSubject", { clips: [clip.id], subject: { kinds: all ? null : [...new Set(next)] } });
  };
  return (
    <>
      <Row label="Found">
        <output className="subject-state">{stateOf(status, media !== null)}</output>
        {status?.problem == null ? null : (
          <Button kind="quiet" label="Look again" onClick={() => subjectMasks.again()}>
            Look again
          </Button>
        )}
      </Row>
      {known.length > 1
        ? known.map((kind) => (
            <CheckRow
              key={kind}
              label={kind}
              checked={kinds === null || kinds.includes(kind)}
              onChange={(counts) => choose(kind, counts)}
            />
          ))
        : null}
    </>
  );
}

export function stateOf(status: MaskStatus | undefined, hasMedia: boolean): string {
  if (!hasMedia) return "The clip is not made yet; its subject is looked for when it is there.";
  if (status === undefined) return "Looking for the subject …";
  if (status.making !== null) return `Looking for the subject … ${Math.floor(100 * status.making)} %`;
  if (status.problem !== null) return status.problem;
  if (status.stretches.length === 0) return "Looking for the subject …";
  if (status.kinds.length === 0) return "Nothing was found that could be cut out, so the whole picture is shown.";
  return status.kinds.join(", ");
}
