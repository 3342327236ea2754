import "./models.css";
import { useState } from "react";
import type { CatalogueCard as Card, WeightFormat } from "../../core/contract/index.ts";
import { useSelect } from "../state/context.ts";
import { formatBytes, plural } from "../ui/format.ts";
import { CatalogueCard } from "./CatalogueCard.tsx";
import { DropModels } from "./DropModels.tsx";
import { InstalledModels } from "./InstalledModels.tsx";
import { LicenceDialog } from "./LicenceDialog.tsx";
import { Styles } from "./Styles.tsx";
import { StoreSettings } from "./StoreSettings.tsx";
import { useModelStore } from "./use-model-store.ts";

/** What is installed, what can be had and under which terms, and how it comes here. */
export function ModelsWorkspace() {
  const { store, refresh } = useModelStore();
  const models = useSelect((state) => state.models);
  const [asking, setAsking] = useState<{ readonly card: Card; readonly weights: WeightFormat } | null>(null);
  const bytes = models.reduce((sum, model) => sum + model.bytesOnDisk, 0);
  return (
    <main className="models">
      <div className="models__main">
        <header className="models__head">
          <h2 className="models__title">Models</h2>
          {store ? (
            <p className="models__facts">
              {plural(models.length, "model")}, {formatBytes(bytes)} in {store.folderName}
              {store.freeBytes === null ? "" : ` · ${formatBytes(store.freeBytes)} free`}
            </p>
          ) : null}
        </header>
        <section aria-labelledby="models-installed">
          <h3 id="models-installed" className="models__section">
            Installed
          </h3>
          <InstalledModels models={models} />
        </section>
        <section aria-labelledby="models-styles">
          <h3 id="models-styles" className="models__section">
            Styles
          </h3>
          <Styles />
        </section>
        <section aria-labelledby="models-official">
          <h3 id="models-official" className="models__section">
            Official releases
          </h3>
          <ul className="models__cards">
            {store?.cards.map((card) => (
              <CatalogueCard
                key={card.entry.id}
                card={card}
                freeBytes={store.freeBytes}
                onGet={(weights) => setAsking({ card, weights })}
                onChange={refresh}
              />
            ))}
          </ul>
        </section>
      </div>
      <aside className="models__side" aria-label="Where models come from">
        <DropModels />
        <StoreSettings />
      </aside>
      {asking ? <LicenceDialog {...asking} onClose={() => setAsking(null)} /> : null}
    </main>
  );
}
