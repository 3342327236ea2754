/** A file and the folders that it came in, as far as the window may know them: "shoot/day 1". */
export interface PickedFile {
  readonly file: File;
  readonly folder: string;
}

/** More at once are a mistake: somebody dropped a whole disk. */
const MOST = 10_000;
/** What systems leave in folders. */
const isHidden = (name: string): boolean => name.startsWith(".") || /^(thumbs\.db|desktop\.ini)$/i.test(name);

/** Asks the user for files, or for a folder with everything in it. Empty when they think better of it. */
export function pickFiles(what: "files" | "folder"): Promise<PickedFile[]> {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  if (what === "folder") input.webkitdirectory = true;
  return new Promise((resolve) => {
    input.addEventListener("cancel", () => resolve([]));
    input.addEventListener("change", () =>
      resolve(
        [...(input.files ?? [])]
          .map(fromInput)
          .filter(({ file }) => !isHidden(file.name))
          .slice(0, MOST),
      ),
    );
    input.click();
  });
}

const fromInput = (file: File): PickedFile => ({
  file,
  folder: file.webkitRelativePath.split("/").slice(0, -1).join("/"),
});

/** Everything that was dropped or pasted, folders with what is in them. Must be called at once: the event forgets its files afterwards. */
export function filesOf(transfer: DataTransfer): Promise<PickedFile[]> {
  const entries = [...transfer.items].flatMap((item) =>
    item.kind === "file" ? (item.webkitGetAsEntry?.() ?? []) : [],
  );
  // Pasted files, and browsers without entries.
  if (entries.length === 0) return Promise.resolve([...transfer.files].map((file) => ({ file, folder: "" })));
  return collect(entries);
}

async function collect(entries: readonly FileSystemEntry[]): Promise<PickedFile[]> {
  const found: PickedFile[] = [];
  const waiting = entries.map((entry) => ({ entry, folder: "" }));
  for (let next = waiting.shift(); next !== undefined && found.length < MOST; next = waiting.shift()) {
    const { entry, folder } = next;
    if (isHidden(entry.name) && folder !== "") continue;
    if (entry.isFile) {
      const file = await fileOf(entry as FileSystemFileEntry).catch(() => null); // gone meanwhile
      if (file !== null) found.push({ file, folder });
      continue;
    }
    const inside = folder === "" ? entry.name : `${folder}/${entry.name}`;
    waiting.push(
      ...(await childrenOf(entry as FileSystemDirectoryEntry)).map((child) => ({ entry: child, folder: inside })),
    );
  }
  return found;
}

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

/** A reader gives a hundred at a time, and none at the end. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (some.length === 0) return all.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    all.push(...some);
  }
}
