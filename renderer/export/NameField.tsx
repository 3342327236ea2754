interface Props {
  readonly title: string;
  readonly onTitle: (title: string) => void;
  /** With its dot; empty for a folder of pictures. */
  readonly extension: string;
}

/** What the file is called. */
export const NameField = ({ title, onTitle, extension }: Props) => (
  <label className="export__name">
    <span className="value-row__label">Name</span>
    <span className="export__name-box">
      <input
        type="text"
        value={title}
        maxLength={120}
        spellCheck={false}
        aria-label="Name"
        onChange={(event) => onTitle(event.target.value)}
      />
      <span className="export__extension mono" aria-hidden>
        {extension === "" ? "/" : extension}
      </span>
    </span>
  </label>
);

/** Why nothing can be written under this name; null: it can. */
export const titleOff = (title: string): string | null => (title.trim() === "" ? "Give it a name first." : null);
