import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import {
  contract,
  type Input,
  type Method,
  type Output,
  type Reply,
  replySchema,
  StudioError,
} from "../../core/contract/index.ts";

/*
 * How commands reach the studio that holds the data folder: a socket that only this user of this computer can open (a named pipe on
 * Windows), over which a line of JSON asks and a line of JSON answers. Only what concerns the queue may be asked.
 */

/** What may be asked from outside the window. */
const ALLOWED: ReadonlySet<Method> = new Set<Method>([
  "queue.state",
  "queue.hold",
  "queue.release",
  "jobs.list",
  "jobs.generate",
  "jobs.batch",
  "jobs.duplicate",
  "jobs.move",
  "jobs.prioritize",
  "jobs.pause",
  "jobs.resume",
  "jobs.cancel",
  "jobs.retry",
  "jobs.dismiss",
  "jobs.together",
]);

/** A request longer than this is none of ours: a thousand prompts of the greatest length are shorter. */
const MAX_LINE = 32 << 20;
/** Socket paths may not be longer than this on any system. */
const MAX_PATH = 100;

/** Where the studio of this data folder listens. */
export function controlPath(home: string): string {
  const name = createHash("sha256").update(home).digest("hex").slice(0, 24);
  if (process.platform === "win32") return `\\\\.\\pipe\\plume-studio-${name}`;
  const inside = join(home, "control", "studio.sock");
  return Buffer.byteLength(inside) <= MAX_PATH ? inside : join(tmpdir(), `plume-studio-${name}`, "studio.sock");
}

/** A folder that nobody else can enter guards the socket in it. Errors: the file system's, and one where it is somebody else's. */
async function guard(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid } = await lstat(folder);
  if (uid !== process.getuid?.()) throw new Error(`${folder} belongs to somebody else`);
  await chmod(folder, 0o700);
}

export interface Control {
  close(): Promise<void>;
}

/**
 * Listens for commands. The caller holds the data folder's lock, so a socket that is there already is a dead studio's. Never rejects:
 * without it, only commands beside an open window are missed.
 */
export async function openControl(
  home: string,
  handle: (method: string, input: unknown) => Promise<Reply>,
  log: (line: string) => void,
): Promise<Control> {
  const path = controlPath(home);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {}); // whoever asked went away
    serve(socket, handle);
  });
  server.on("error", (error) => log(`control: ${error.message}`));
  try {
    if (process.platform !== "win32") {
      await guard(dirname(path));
      await rm(path, { force: true });
    }
    await new Promise<void>((resolve) => {
      server.once("listening", resolve);
      server.once("error", () => resolve());
      server.listen(path);
    });
    server.unref();
  } catch (error) {
    log(`control: ${String(error)}`);
  }
  return {
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function serve(socket: Socket, handle: (method: string, input: unknown) => Promise<Reply>): void {
  let length = 0;
  socket.on("data", (chunk) => {
    length += chunk.length;
    if (length > MAX_LINE) socket.destroy();
  });
  createInterface({ input: socket }).on("line", (line) => {
    length = 0;
    void answer(line, handle).then((reply) => socket.writable && socket.write(`${JSON.stringify(reply)}\n`));
  });
}

const refused = (message: string): Reply => ({ ok: false, error: { code: "FORBIDDEN", message } });

async function answer(line: string, handle: (method: string, input: unknown) => Promise<Reply>): Promise<Reply> {
  let asked: { method?: unknown; input?: unknown };
  try {
    asked = JSON.parse(line) as typeof asked;
  } catch {
    return refused("This is not a command.");
  }
  const { method } = asked;
  if (typeof method !== "string" || !ALLOWED.has(method as Method))
    return refused("Commands may only ask about the queue.");
  return handle(method, asked.input);
}

/** Asks the studio that holds this data folder. Errors: its own; ALREADY_RUNNING when it does not answer commands. */
export async function askRunning<M extends Method>(home: string, method: M, input: Input<M>): Promise<Output<M>> {
  const socket = connect(controlPath(home));
  try {
    const line = await new Promise<string>((resolve, reject) => {
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("closed")));
      createInterface({ input: socket }).once("line", resolve);
      socket.write(`${JSON.stringify({ method, input })}\n`);
    }).catch((cause: unknown) => {
      throw new StudioError(
        "ALREADY_RUNNING",
        "Plume Studio is open on this data folder but does not answer commands: use its window, or close it first.",
        String(cause),
      );
    });
    const reply = replySchema.parse(JSON.parse(line));
    if (!reply.ok) throw StudioError.fromData(reply.error);
    return contract[method].output.parse(reply.value) as Output<M>;
  } finally {
    socket.destroy();
  }
}
