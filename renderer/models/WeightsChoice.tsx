import { ChevronDown } from "lucide-react";
import { useId } from "react";
import {
  costWords,
  type ModelSummary,
  type WeightFormat,
  weightFormatSchema,
  weightWords,
} from "../../core/contract/index.ts";
import { useSelect } from "../state/context.ts";
import { formatBytes } from "../ui/format.ts";

/** What is known of a format before it is tried on this model. */
const hints: Readonly<Record<WeightFormat, string>> = {
  fp32: "Every number as published.",
  fp16: "Half the disk; the rounding is rarely to be seen.",
  int8: "About a quarter of the disk, and less memory.",
  "4bit": "The smallest: matrices in 4 bits, the rest in 8. Where that does not hold up, 8-bit is kept instead.",
};

/** What this computer has measured of a format on a model that it has. */
function experience(models: readonly ModelSummary[], format: WeightFormat): string | null {
  const known = models.find(({ weights }) => weights?.format === format && weights.measured !== null);
  const refused = models.find(({ weights }) => weights?.refused.some((each) => each.format === format));
  if (known?.weights?.measured) return `Measured here on ${known.name}: ${costWords(known.weights.measured)}.`;
  return refused ? `It did not hold up on ${refused.name}.` : null;
}

interface Props {
  readonly value: WeightFormat;
  readonly onChange: (format: WeightFormat) => void;
  /** Bytes on disk in a format; null where nobody has counted. */
  readonly sizeOf: (format: WeightFormat) => number | null;
  /** Name of the model, for those who do not see. */
  readonly about: string;
  readonly formats?: readonly WeightFormat[];
}

/** What a model's weights are to be kept in: how large each form is, and what it costs as far as anyone knows yet. */
export function WeightsChoice({ value, onChange, sizeOf, about, formats = weightFormatSchema.options }: Props) {
  const id = useId();
  const models = useSelect((state) => state.models);
  const measured = value === "fp32" ? null : experience(models, value);
  return (
    <div className="weights">
      <label className="weights__label" htmlFor={id}>
        Weights<span className="visually-hidden"> of {about}</span>
      </label>
      <span className="select">
        <select
          id={id}
          className="select__field"
          value={value}
          aria-describedby={`${id}-hint`}
          onChange={(event) => onChange(weightFormatSchema.parse(event.target.value))}
        >
          {formats.map((format) => {
            const bytes = sizeOf(format);
            return (
              <option key={format} value={format}>
                {format === "fp32" ? "As published (fp32)" : weightWords[format]}
                {bytes === null ? "" : `, ${formatBytes(bytes)}`}
              </option>
            );
          })}
        </select>
        <ChevronDown size={13} aria-hidden className="select__arrow" />
      </span>
      <p className="weights__hint" id={`${id}-hint`}>
        {hints[value]}
        {value === "fp32"
          ? ""
          : ` ${measured ?? "What it costs is measured while it is installed, and shown with the model."}`}
      </p>
    </div>
  );
}
