import { PackagePlus } from "lucide-react";
import { useState } from "react";
import { attempt } from "../state/attempt.ts";
import { useStudio } from "../state/context.ts";
import { filesOf, type PickedFile, pickFiles } from "../state/pick-files.ts";
import { Button } from "../ui/Button.tsx";

const CHECKPOINT = /\.(?:pt|pth|ckpt|bin|safetensors)$/i;

/** Takes checkpoints that the user has already, as files or as a folder. */
export function DropModels() {
  const { client, store } = useStudio();
  const [isOver, setIsOver] = useState(false);
  const [coming, setComing] = useState<string | null>(null);
  const off = coming === null ? null : `${coming} is being taken: a moment, please.`;
  const take = async (picked: readonly PickedFile[]): Promise<void> => {
    const files = picked.filter(({ file }) => CHECKPOINT.test(file.name));
    if (files.length === 0) {
      if (picked.length > 0)
        store.setState({
          notice: {
            text: "That is no checkpoint: drop a .pt, .ckpt, .pth or .safetensors file, or a folder of them.",
            kind: "problem",
            undo: null,
          },
        });
      return;
    }
    await attempt(store, async () => {
      const drop = crypto.randomUUID();
      for (const [n, { file }] of files.entries()) {
        setComing(files.length === 1 ? file.name : `${file.name} (${n + 1} of ${files.length})`);
        await client.layAside(file, { checkpoint: drop });
      }
      await client.call("models.installDropped", { drop });
    });
    setComing(null);
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the buttons inside do the same by keyboard
    <section
      className="drop-models"
      data-over={isOver}
      aria-label="Install a file that you have"
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setIsOver(false);
        void filesOf(event.dataTransfer).then(take);
      }}
    >
      <PackagePlus size={22} aria-hidden />
      <p>
        {coming === null
          ? "Drop a checkpoint or a style (LoRA) here: a file, or the folder of a model in several files."
          : `Taking ${coming} … A large file takes a while; \`plume models install FILE\` needs no copy of it.`}
      </p>
      <div className="drop-models__buttons">
        <Button off={off} onClick={() => void pickFiles("files").then(take)}>
          Choose files…
        </Button>
        <Button kind="quiet" off={off} onClick={() => void pickFiles("folder").then(take)}>
          Choose a folder…
        </Button>
      </div>
    </section>
  );
}
