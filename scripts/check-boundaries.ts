/**
 * Checks the dependency rules of the architecture: which room of the house may import which. Reads import statements as
 * text, so it needs no build. Prints every violation as `file: imports X, but Y may not` and exits 1 if there is one.
 */
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

interface Room {
  /** Folder prefix; the longest match wins. */
  readonly folder: string;
  /** Folders of ours that it may import, besides itself. */
  readonly rooms: readonly string[];
  /** npm packages that it may import; "*" means any that is not forbidden below. */
  readonly packages: readonly string[] | "*";
  /** May it import node:… modules? */
  readonly node: boolean;
}

/** Packages that only one room may touch, wherever "*" stands elsewhere. */
const reserved: Readonly<Record<string, readonly string[]>> = {
  electron: ["main/shell-electron"],
  "onnxruntime-node": ["native-models"],
  "fluent-ffmpeg": ["main/media"],
  "ffmpeg-static": ["main/media"],
  "@napi-rs/canvas": ["main/paint"],
  "@contentauth/c2pa-wasm": ["main/studio"],
  "@peculiar/x509": ["main/studio"],
  mediabunny: ["renderer", "main/studio"],
  react: ["renderer", "renderer/motion-lane"],
  "react-dom": ["renderer"],
};

const rooms: readonly Room[] = [
  { folder: "core", rooms: [], packages: ["zod", "@rgrove/parse-xml", "papaparse"], node: false },
  {
    folder: "native-models",
    rooms: ["core"],
    packages: ["onnxruntime-node", "zod", "yauzl", "html-entities"],
    node: true,
  },
  // Where the app's own files lie; everything in main may ask.
  { folder: "main/app-files", rooms: [], packages: [], node: true },
  { folder: "main/inference", rooms: ["core", "native-models", "main/app-files"], packages: ["zod"], node: true },
  {
    folder: "main/media",
    rooms: ["core", "main/app-files"],
    packages: ["zod", "fluent-ffmpeg", "ffmpeg-static"],
    node: true,
  },
  { folder: "main/paint", rooms: ["core"], packages: ["@napi-rs/canvas"], node: true },
  // The export's own process paints.
  {
    folder: "main/studio",
    rooms: ["core", "main/app-files", "main/media", "main/inference", "main/paint"],
    packages: "*",
    node: true,
  },
  { folder: "main/shell-common", rooms: ["core", "main/studio"], packages: ["zod"], node: true },
  {
    folder: "main/shell-electron",
    rooms: ["core", "main/app-files", "main/studio", "main/shell-common"],
    packages: "*",
    node: true,
  },
  { folder: "main/shell-browser", rooms: ["core", "main/studio", "main/shell-common"], packages: "*", node: true },
  { folder: "main/cli", rooms: ["core", "main/app-files", "main/studio"], packages: "*", node: true },
  { folder: "main", rooms: ["core", "main/shell-browser", "main/shell-electron"], packages: [], node: true },
  // Create and the editor's timeline use the same lane, so it knows neither of them, nor the window's state.
  { folder: "renderer/motion-lane", rooms: ["core", "renderer/ui/off.ts"], packages: ["react"], node: false },
  // Every control of the window is off in the same way.
  { folder: "renderer/ui/off.ts", rooms: [], packages: [], node: false },
  { folder: "renderer", rooms: ["core", "renderer/motion-lane", "renderer/ui/off.ts"], packages: "*", node: false },
  // Tests, benchmarks and scripts may look into every room.
  { folder: "test", rooms: ["core", "main", "native-models", "renderer"], packages: "*", node: true },
  { folder: "scripts", rooms: ["core", "main", "native-models"], packages: "*", node: true },
];

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const importPattern =
  /(?:^|[\s;])(?:import|export)\s+(?:type\s+)?(?:[\w*{}\s,$]+\s+from\s+)?["']([^"']+)["']|\b(?:import|require)\(\s*["']([^"']+)["']\s*\)/g;
const builtins = new Set(builtinModules);

/** Module names that a source text imports. Comments are taken out first: examples in them are not imports. */
export function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return [...code.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? "");
}

/** The room that a file (path relative to the checkout, with /) lives in. */
export function roomOf(file: string): Room | undefined {
  return rooms
    .filter((room) => file === room.folder || file.startsWith(`${room.folder}/`))
    .reduce<Room | undefined>(
      (best, room) => (best && best.folder.length >= room.folder.length ? best : room),
      undefined,
    );
}

/** Why this import breaks the rules, or null when it is allowed. `file` is relative to the checkout. */
export function violation(file: string, name: string): string | null {
  const room = roomOf(file);
  if (!room) return `lives in no known room; add its folder to scripts/check-boundaries.ts`;
  const isTest = /\.test\.tsx?$|\/testing\//.test(file);
  if (name.startsWith(".")) {
    const target = relative(root, resolve(root, dirname(file), name))
      .split(sep)
      .join("/");
    const there = roomOf(target);
    if (!there || there.folder === room.folder || there.folder === "assets") return null;
    if (room.rooms.some((allowed) => there.folder === allowed || there.folder.startsWith(`${allowed}/`))) return null;
    // A test may bring what it needs from anywhere: it is not part of the product.
    if (isTest) return null;
    return `imports ${target}, but ${room.folder} may not import ${there.folder}`;
  }
  if (name.startsWith("node:") || builtins.has(name)) {
    return room.node || isTest ? null : `imports ${name}, but ${room.folder} must run without Node`;
  }
  const parts = name.split("/");
  const pack = name.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? name);
  if (isTest || room.folder === "test" || room.folder === "scripts") return null;
  const owners = Object.hasOwn(reserved, pack) ? reserved[pack] : undefined;
  if (owners && !owners.includes(room.folder)) return `imports ${pack}, which only ${owners.join(", ")} may`;
  if (room.packages !== "*" && !room.packages.includes(pack))
    return `imports the package ${pack}, which is not on the list of ${room.folder}`;
  return null;
}

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.(ts|tsx|mts|cts)$/.test(entry.name)) yield path;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = ["core", "native-models", "main", "renderer", "test", "scripts"].flatMap((folder) =>
    [...sources(folder)].flatMap((file) =>
      importsOf(readFileSync(join(root, file), "utf8")).flatMap((name) => {
        const problem = violation(file, name);
        return problem === null ? [] : [`${file}: ${problem}`];
      }),
    ),
  );
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
