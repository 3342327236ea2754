/**
 * `npm run bench -- NAME [--json]`: one benchmark. People get lines of text as they come; with --json one JSON object on stdout and the
 * lines on stderr. Exit code 1: the benchmark failed; 2: no such benchmark.
 */
import { spawnSync } from "node:child_process";
import { weightFormatSchema } from "../../core/contract/index.ts";
import { engineEnvironment, eyesEnvironment } from "../../main/inference/environment.ts";
import { engineThreads } from "../../main/inference/threads.ts";
import { type BenchContext, numberAfter } from "./context.ts";
import { officialModels } from "./random-checkpoint.ts";

const benches: Readonly<Record<string, { about: string; run: (context: BenchContext) => Promise<unknown> }>> = {
  hummingbird: {
    about:
      "speed and memory on random weights of the true 0.7B shape and on the starter  [--frames T --height h --width w --steps n --only 07b|starter]",
    run: async (context) => (await import("./hummingbird.ts")).benchHummingbird(context),
  },
  starter: {
    about: "what the starter model can do, judged on held-out prompts  [--quick: two a family, --limit n]",
    run: async ({ say, threads, args }) => {
      const limit = numberAfter(args, "--limit");
      return (await import("./starter.ts")).benchStarter(say, {
        threads,
        quick: args.includes("--quick"),
        ...(limit === undefined ? {} : { limit }),
      });
    },
  },
  studio: {
    about: "whether the studio's event loop keeps turning while clips are made  [--clips n: size of the library]",
    run: async (context) => (await import("./studio.ts")).benchStudio(context),
  },
  timeline: {
    about:
      "what edits cost on 2 000 and 20 000 clips, and the drawn timeline in Chromium  [--runs n --only core|window]",
    run: async ({ say, args }) => {
      const runs = numberAfter(args, "--runs");
      const only = args[args.indexOf("--only") + 1];
      const core =
        only === "window" ? {} : (await import("./timeline.ts")).benchTimeline(say, runs === undefined ? {} : { runs });
      const window =
        only === "core" ? null : await (await import("./timeline-window.ts")).benchTimelineWindow(say, runs);
      return { ...core, window };
    },
  },
  playback: {
    about: "frames shown and dropped, and picture against sound, in the viewer  [--only 1080p|720p --seconds n]",
    run: async (context) => (await import("./playback.ts")).benchPlayback(context),
  },
  scrub: {
    about:
      "how quickly the right picture is seen while the playhead is dragged  [--only DISTANCE of key frames --runs n]",
    run: async (context) => (await import("./scrub.ts")).benchScrub(context),
  },
  eyes: {
    about:
      "frames of the page and the studio's event loop while media are looked at, beside idle  [--seconds n: length of the films]",
    run: async (context) => (await import("./eyes.ts")).benchEyes(context),
  },
  patnet: {
    about:
      "PATNet of every size against FasterNet and PyTorch, and its int8 form  [--only T0,T2 --rounds n --torch PYTHON --frames FOLDER]",
    run: async (context) => (await import("./patnet.ts")).benchPatnet(context),
  },
  keyvid: {
    about:
      "cost of Draft, Balanced and Reference, and how near they are to Reference on the starter  [--pairs n --model PATH --side px]",
    run: async (context) => (await import("./keyvid.ts")).benchKeyvid(context),
  },
  export: {
    about:
      "smart rendering and compositing against ffmpeg, and memory  [--only smart|composite|memory --seconds n --rounds n --minutes n]",
    run: async (context) => (await import("./export.ts")).benchExport(context),
  },
  planner: {
    about:
      "the planner's memory formula and first estimate against clips that are made  [--full: also the true 0.7B size]",
    run: async (context) => (await import("./planner.ts")).benchPlanner(context),
  },
  install: {
    about: "how fast a checkpoint becomes a model pack, against a plain copy of it  [--full: the true 0.7B size]",
    run: async ({ say, args }) =>
      benchConversion(say, args.includes("--full") ? 4.65 : numberAfter(args, "--gigabytes")),
  },
  conversion: {
    about:
      "the same, of any size, also in smaller weights  [--gigabytes n | --model 07b|09b|keyvid] [--weights fp16,int8,4bit]; needs two and a half times its size of disk",
    run: async ({ say, args }) => {
      const wordAfter = (option: string) => (args.includes(option) ? args[args.indexOf(option) + 1] : undefined);
      const model = officialModels.find((each) => each === wordAfter("--model"));
      const formats = wordAfter("--weights")?.split(",") ?? [];
      return (await import("./install.ts")).benchInstall(say, {
        gigabytes: numberAfter(args, "--gigabytes"),
        model,
        formats: weightFormatSchema.options.filter((format) => formats.includes(format)),
      });
    },
  },
};

async function benchConversion(say: (line: string) => void, gigabytes: number | undefined): Promise<unknown> {
  return (await import("./install.ts")).benchInstall(say, { gigabytes });
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const json = args.includes("--json");
  const name = args.find((arg) => !arg.startsWith("-")) ?? "";
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (!bench) {
    const known = Object.entries(benches).map(([key, { about }]) => `  ${key.padEnd(12)} ${about}`);
    process.stderr.write(
      `${name === "" ? "Name a benchmark" : `There is no benchmark "${name}"`}:\n${known.join("\n")}\n`,
    );
    process.exitCode = 2;
    return;
  }
  const out = json ? process.stderr : process.stdout;
  const say = (line: string) => void out.write(`${line}\n`);
  const result = await bench.run({ threads: engineThreads(), args: args.filter((arg) => arg !== name), say });
  if (json) process.stdout.write(`${JSON.stringify({ bench: name, ...(result as object) })}\n`);
}

/** Benchmarks run what an engine runs, so they run as it does: with its environment, which only a new process takes on. */
const environment = process.argv.slice(2).some((arg) => arg === "patnet") ? eyesEnvironment : engineEnvironment;

function runAsEngine(): void {
  const { status } = spawnSync(process.execPath, process.argv.slice(1), {
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  process.exitCode = status ?? 1;
}

if (import.meta.main && Object.entries(environment).some(([name, value]) => process.env[name] !== value)) {
  runAsEngine();
} else if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  }
}
