import "./licence.css";
import { Ban, Check, Download, ExternalLink } from "lucide-react";
import { type CatalogueCard, downloadBytes, type WeightFormat } from "../../core/contract/index.ts";
import { attempt } from "../state/attempt.ts";
import { useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { formatBytes } from "../ui/format.ts";
import { Modal } from "../ui/Modal.tsx";

/** A model's terms, which are accepted before anything is fetched. */
export function LicenceDialog({
  card,
  weights,
  onClose,
}: {
  readonly card: CatalogueCard;
  readonly weights: WeightFormat;
  readonly onClose: () => void;
}) {
  const { client, store } = useStudio();
  const { entry } = card;
  const { licence } = entry;
  const accept = () => {
    onClose();
    void attempt(store, async () => {
      await client.call("models.accept", { id: entry.id, version: licence.version });
      await client.call("models.download", { id: entry.id, weights });
    });
  };
  const open = () =>
    void attempt(store, async () => void (await client.call("models.open", { id: entry.id, what: "licence" })));
  return (
    <Modal className="licence" label={`The terms of ${entry.name}`} onClose={onClose}>
      <h2 className="licence__title">{entry.name}</h2>
      <p className="licence__name">{licence.name}</p>
      <p className="licence__summary">{licence.summary}</p>
      <div className="licence__lists">
        <h3 id="licence-may">You may</h3>
        <h3 id="licence-may-not">You may not</h3>
        <ul aria-labelledby="licence-may">
          {licence.may.map((each) => (
            <li key={each}>
              <Check size={14} aria-hidden />
              {each}
            </li>
          ))}
        </ul>
        <ul className="licence__not" aria-labelledby="licence-may-not">
          {licence.mayNot.map((each) => (
            <li key={each}>
              <Ban size={14} aria-hidden />
              {each}
            </li>
          ))}
        </ul>
      </div>
      <p className="licence__text">
        This sums it up; what counts is the text itself:{" "}
        <button type="button" className="model__link" onClick={open}>
          {licence.url}
          <ExternalLink size={11} aria-hidden />
        </button>
      </p>
      <div className="licence__buttons">
        <Button onClick={onClose}>Not now</Button>
        <Button kind="primary" icon={<Download size={14} aria-hidden />} onClick={accept}>
          Accept and download {formatBytes(downloadBytes(entry) - card.arrivedBytes)}
        </Button>
      </div>
    </Modal>
  );
}
