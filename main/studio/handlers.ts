import type { Input, Method, Output } from "../../core/contract/index.ts";
import type { AnalyzeDesk } from "./analyze/analyze-desk.ts";
import type { AnimationService } from "./animate/animation-service.ts";
import { generateJobs } from "./generate-jobs.ts";
import type { ExportService } from "./export/export-service.ts";
import type { JobService } from "./jobs/job-service.ts";
import type { QueueDesk } from "./jobs/queue-desk.ts";
import type { Library } from "./library.ts";
import type { MediaDesk } from "./media/desk.ts";
import type { ModelService } from "./models/model-service.ts";
import type { StoreDesk } from "./models/store-desk.ts";
import type { Planner } from "./planner/planner.ts";
import type { ProjectService } from "./projects/service.ts";

export type Handlers = { [M in Method]: (input: Input<M>) => Promise<Output<M>> };

/** The services behind the contract. */
export interface Services {
  readonly models: ModelService;
  readonly jobs: JobService;
  readonly queueDesk: QueueDesk;
  readonly storeDesk: StoreDesk;
  readonly planner: Planner;
  readonly animations: AnimationService;
  readonly desk: MediaDesk;
  readonly analyses: AnalyzeDesk;
  readonly library: Library;
  readonly projects: ProjectService;
  readonly exports: ExportService;
  readonly systemInfo: () => Promise<Output<"system.info">>;
  readonly reveal: (path: string) => Promise<void>;
  readonly tellLibrary: () => void;
  readonly log: (line: string) => void;
}

/** Every method of the contract, each in the hands of the service that it belongs to. */
export function makeHandlers(services: Services): Handlers {
  const { jobs, animations, models } = services;
  return {
    "system.info": () => services.systemInfo(),
    "models.list": async () => {
      await models.ensureBundled().catch((error: unknown) => services.log(`bundled model: ${String(error)}`));
      return models.list();
    },
    "jobs.generate": async ({ request, variations }) => {
      const { summary } = await models.find(request.model, undefined, undefined, "text-to-video");
      return jobs.add(generateJobs(request, variations, summary));
    },
    "jobs.animate": ({ request }) => animations.enqueue(request),
    "jobs.approve": ({ id }) => animations.approve(id),
    "jobs.reroll": (input) => animations.reroll(input),
    ...services.queueDesk.handlers,
    ...services.storeDesk.handlers,
    ...services.planner.handlers,
    "animation.plan": (input) => animations.plan(input),
    ...services.desk.handlers,
    ...services.analyses.handlers,
    ...libraryHandlers(services),
    ...services.projects.handlers,
    ...services.exports.handlers,
  };
}

function libraryHandlers({ library, reveal, tellLibrary }: Services) {
  return {
    "library.list": () => library.list(),
    "library.reveal": async ({ id }) => {
      await reveal((await library.file(id)).path);
      return {};
    },
    "library.trash": async ({ id }) => {
      await library.trash(id);
      tellLibrary();
      return {};
    },
    "library.restore": async ({ id }) => {
      const clip = await library.restore(id);
      tellLibrary();
      return clip;
    },
  } satisfies Partial<Handlers>;
}
