import type {
  AnimationRequest,
  ClipRecord,
  ExchangeFormat,
  ExportForecast,
  ExportJob,
  GenerateJob,
  GenerationRequest,
  ImportPurpose,
  Input,
  JobSnapshot,
  Media,
  Method,
  OpenedTimeline,
  Output,
  Reply,
  SoundRange,
  StudioEvent,
  Style,
  WeightFormat,
} from "../../core/contract/index.ts";
import type { AnalyzeReport, AnalyzeWish } from "./analyze/analyze-desk.ts";
import type { Credentials } from "./credentials/credentials.ts";
import type { MediaFile, MediaPart } from "./media/shows.ts";
import type { ExportSettings } from "../../core/export/index.ts";
import type { Settings } from "../../core/timeline/index.ts";
import type { ProjectReport } from "./projects/inspect.ts";

export type { AnalyzeReport, AnalyzeWish };
export type { MediaFile, MediaPart, ProjectReport };

/**
 * What every shell (window, browser shell, command line) holds of the studio: the contract's methods, its events, and the two
 * kinds of bytes that do not travel as JSON. Make one with `createStudio` from `./create-studio.ts`.
 *
 * A shell's whole duty: pass `{method, input}` to `handle`, pass events from `subscribe` on, stream the file of `clipFile` with
 * byte ranges, serve the bytes of `preview`, and call `close` once before the process ends.
 */
export interface Studio {
  /**
   * Runs one contract method. Both sides are untrusted text to each other: the method name and the input are checked against the
   * contract, and so is what the service answers. Never rejects: a refusal is `{ ok: false, error }`.
   */
  handle(method: string, input: unknown): Promise<Reply>;
  /** The same for callers in this process: rejects with StudioError instead of wrapping it. */
  call<M extends Method>(method: M, input: Input<M>): Promise<Output<M>>;
  /**
   * Adds a listener and returns a function that removes it. The listener gets `hello` with the whole state before `subscribe`
   * returns, then each event in order. A listener that throws is logged and does not disturb the others.
   */
  subscribe(listener: (event: StudioEvent) => void): () => void;
  /**
   * The video file of a clip in the library. Errors: NOT_FOUND (unknown id, or the file was removed outside the studio).
   * The path is for the shell's own reading only; it must never reach a page.
   */
  clipFile(clipId: string): Promise<ClipFile>;
  /**
   * A latent preview: RGBA8, `frames` pictures of width × height one after another; sizes stand in the job's snapshot.
   * Only the latest steps of running and recently ended jobs are kept. Errors: NOT_FOUND.
   */
  preview(jobId: string, step: number): Promise<Uint8Array>;
  /** A keyframe of an animation, RGBA8, the size of the clip. Errors: NOT_FOUND. */
  keyframe(jobId: string, place: number): Promise<Uint8Array>;
  /** A picture of the media list as the model sees it, as PNG. Errors: NOT_FOUND, MEDIA_MISSING. */
  pictureFile(mediaId: string): Promise<ClipFile>;
  /** A stretch of a sound of the media list as WAV. Errors: NOT_FOUND, MEDIA_MISSING, BAD_REQUEST. */
  soundFile(mediaId: string, range: SoundRange): Promise<ClipFile>;
  /**
   * Media of the catalogue or the library as its own file, or what was made of it: `version` is the one of its MediaStatus. Only what the
   * user gave to the studio and what the studio made is ever found. Errors: NOT_FOUND, MEDIA_MISSING.
   */
  mediaFile(id: string, version: string, part: MediaPart): Promise<MediaFile>;
  /** Masks of a media's subject, by the key of a MaskStatus. Errors: NOT_FOUND. */
  maskFile(id: string, key: string): Promise<ClipFile>;
  /**
   * Takes a picture, a sound or a film into the media list: by path for shells that are handed one by the system (never by a page), or
   * as bytes, of which the studio keeps a copy. Null: it was laid aside as a picture of a sequence, until `media.assemble`.
   * Errors: MEDIA_UNREADABLE, MEDIA_MISSING, DISK_FULL, FFMPEG_MISSING; NOT_FOUND and BAD_REQUEST for a `purpose` that does not fit.
   */
  importMedia(path: string): Promise<Media>;
  importMedia(path: string, purpose: ImportPurpose): Promise<Media | null>;
  uploadMedia(name: string, bytes: AsyncIterable<Uint8Array>): Promise<Media>;
  uploadMedia(
    name: string,
    bytes: AsyncIterable<Uint8Array>,
    purpose: ImportPurpose,
    /** How many bytes will come, where that is known: what cannot fit is refused before the first. */
    size?: number | null,
  ): Promise<Media | null>;
  /**
   * Makes a project of a timeline of another editor (.otio, .otioz, .fcpxml) or of subtitles (.srt, .vtt) and takes it into the list of
   * projects: by path for shells that are handed one by the system (never by a page), or as bytes. Media that a timeline names are looked
   * into only when it came by path; of bytes only those that a bundle brings along. Errors: NOT_FOUND, BAD_REQUEST with a sentence,
   * OUTPUT_UNWRITABLE, DISK_FULL.
   */
  openTimeline(path: string): Promise<OpenedTimeline>;
  uploadTimeline(name: string, bytes: AsyncIterable<Uint8Array>): Promise<OpenedTimeline>;
  /** Cancels what runs, stops the engine, waits for every write in flight, and frees the data folder. Safe to call twice. */
  close(): Promise<void>;

  /** The installed models with their files on this disk: what `plume models` needs beyond the contract. */
  readonly models: ModelAdministration;
  /** Takes a LoRA's file among the styles (`styles.list`). Errors: CHECKPOINT_UNREADABLE, MODEL_WRONG_KIND, DISK_FULL. */
  installStyle(path: string, wish: StyleWish): Promise<Style>;
  /** Same as `models.download`, with what only commands may wish for. */
  downloadModel(id: string, wish: CatalogueWish): Promise<JobSnapshot[]>;
  /** Same as `jobs.generate` with a file of the caller's choice instead of the library (command line `-o`). */
  generateTo(request: GenerationRequest, destination: Destination): Promise<GenerateJob>;
  /** Same as `jobs.animate` with a file of the caller's choice instead of the library. */
  animateTo(request: AnimationRequest, destination: Destination): Promise<JobSnapshot>;
  /**
   * Exports a project on disk, open or not, to a file of the caller's choice. Its media are found by the paths in the project, and read
   * only where their bytes are those that the project knows. Errors: those of opening a project, MEDIA_MISSING, BAD_REQUEST,
   * OUTPUT_UNWRITABLE. @param path the project's folder or its file @param settings for the project's own
   */
  exportTo(path: string, settings: (own: Settings) => ExportSettings, destination: Destination): Promise<ExportJob>;
  /** Writes a project on disk for other editors: `otio`, `otioz`, `fcpxml`, `edl`, `srt` or `vtt`. Resolves with what was left out. */
  exchangeTo(path: string, format: ExchangeFormat, destination: Destination): Promise<string[]>;
  /** Makes a project in a new folder of a timeline of another editor, or of subtitles. Resolves with what could not be taken over. */
  importTimeline(path: string, folder: string): Promise<{ readonly folder: string; readonly notes: string[] }>;
  /** How the clips of an exported file were made, as it says itself; none where it says nothing. */
  recordsOf(path: string): Promise<ClipRecord[]>;
  /** Who signed a file's Content Credentials, and whether they hold; null where it has none. */
  credentialsOf(path: string): Promise<Credentials | null>;
  /** What such an export would be. */
  forecast(path: string, settings: (own: Settings) => ExportSettings): Promise<ExportForecast>;
  /**
   * Looks at a picture or a film of the media list: tags, colours, shots, objects, a crop that follows the subject (`plume analyze`).
   * Errors: BAD_REQUEST (a sound), MODEL_NOT_FOUND, MEDIA_UNREADABLE, OUTPUT_UNWRITABLE, those of the engine, CANCELLED.
   */
  analyze(mediaId: string, wish: AnalyzeWish): Promise<AnalyzeReport>;
  /** Looks at everything that a clip needs (`plume doctor`). Never rejects. */
  diagnose(): Promise<Finding[]>;
  /**
   * Takes a project from anywhere on this computer into `projects.list`, so that a page can open it by its id; resolves with the id.
   * Errors: NOT_FOUND. @param path the project's folder, or the file in it
   */
  knowProject(path: string): Promise<string>;
  /** The file of a known project, for the desktop's recent documents; must never reach a page. Null: unknown. */
  projectFile(id: string): string | null;
  /** Looks at a project on disk without opening it (`plume project`). Errors: NOT_FOUND, PROJECT_DAMAGED, PROJECT_READ_ONLY. */
  inspectProject(folder: string): Promise<ProjectReport>;
  /** Resolves when the job has ended (done, failed or cancelled). Errors: NOT_FOUND. */
  ended(jobId: string): Promise<JobSnapshot>;
}

/** One thing that `diagnose` looked at. */
export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  /** What was found and, where it is not well, what to do. */
  readonly sentence: string;
}

export interface ClipFile {
  /** Absolute path of the MP4. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

export interface Destination {
  /** Path of the MP4 to write; the record goes beside it as `<name>.json`. */
  readonly file: string;
  /** False: refuse with OUTPUT_UNWRITABLE when the file exists. True: replace it once the new one is complete. */
  readonly overwrite: boolean;
}

export interface LoraFile {
  readonly file: string;
  /** Strength alpha of W += alpha · up·down; 1 is the trained strength. */
  readonly scale: number;
}

export interface InstallOptions {
  /** Path of the checkpoint that the model's authors published. */
  readonly file: string;
  /** Id of the new pack; absent: made from the file's name. */
  readonly id?: string;
  /** Absent: what the checkpoint calls itself, or its file's name. */
  readonly name?: string;
  readonly loras?: readonly LoraFile[];
  /** What its weights are kept in; absent: as published. */
  readonly weights?: WeightFormat;
  /** False: leave the int8 form out; the first clip in int8 then makes it. */
  readonly int8?: boolean;
  /** Called with the new pack's folder once it is there. */
  readonly finish?: (pack: string) => Promise<void>;
  readonly signal?: AbortSignal;
  /** `fraction` 0 to 1, never decreasing; `step` is a short phrase such as "hashing" or "U-Net"; `etaMs` null until it is measured. */
  readonly onProgress?: (step: string, fraction: number, etaMs: number | null) => void;
}

/** What a model is for. */
export type ModelWork = "text-to-video" | "animate" | "vision";

export interface CatalogueWish {
  /** Folder to look in for files that were fetched otherwise. */
  readonly lookIn?: string;
  /** What its weights are kept in; absent: as published. */
  readonly weights?: WeightFormat;
  /** False: leave the int8 form out. */
  readonly int8?: boolean;
}

export interface StyleWish {
  readonly name?: string;
  readonly triggers?: readonly string[];
  readonly licence?: string;
  /** Path of a small picture of what it does. */
  readonly preview?: string;
}

export interface ModelAdministration {
  /**
   * Installs the models that ship with the studio, or the one for this work, unless they are there already; every way of asking for
   * one does this by itself.
   */
  ensureBundled(
    onProgress?: (step: string, fraction: number) => void,
    signal?: AbortSignal,
    work?: ModelWork,
  ): Promise<void>;
  install(options: InstallOptions): Promise<Output<"models.list">[number]>;
  /**
   * Reads every byte of the pack and compares it with its manifest. A damaged int8 form is thrown away (`dropped`): it is made anew
   * when it is next needed. Errors: MODEL_NOT_FOUND, MODEL_DAMAGED.
   */
  verify(
    id: string,
    onProgress?: (step: string, fraction: number) => void,
    signal?: AbortSignal,
  ): Promise<{ readonly dropped: readonly string[] }>;
  /** Removes the pack's folder; clips made with it stay. Errors: MODEL_NOT_FOUND. */
  remove(id: string): Promise<void>;
  /** The folder that models lie in. Errors: MODEL_NOT_FOUND when its disk is not there. */
  readonly place: string;
  /**
   * Moves all models, and what has arrived of others, to another folder, of any disk. Every pack is read back and compared there before
   * the old one goes; broken off at any point, all are at the one place or at the other. Errors: BAD_REQUEST, DISK_FULL,
   * OUTPUT_UNWRITABLE, MODEL_DAMAGED, CANCELLED.
   */
  move(to: string, onProgress?: (step: string, fraction: number) => void, signal?: AbortSignal): Promise<void>;
}

/** How the studio keeps its queue. */
export type QueueKind =
  /** On disk, surviving restart: one studio at a time on a data folder (a second one gets ALREADY_RUNNING). */
  | "journal"
  /** In memory only, for one command: any number may run beside a window, since all they share on disk is written atomically. */
  | "memory";

/** The system's keychain, as a shell may have it: bytes that only this user on this computer can read again. */
export interface Vault {
  encrypt(text: string): Uint8Array;
  /** Errors: when the bytes are another's. */
  decrypt(bytes: Uint8Array): string;
}

export interface StudioOptions {
  /** Opens an address of the catalogue in the user's browser. Absent: the platform's command. */
  readonly openPage?: (address: string) => Promise<void>;
  /** Where an access token for downloads is kept. Absent: for this session only. */
  readonly vault?: Vault;
  readonly appVersion: string;
  readonly queue: QueueKind;
  /** False: the queue is looked at and changed, and nothing in it is begun. Default true. */
  readonly works?: boolean;
  /** Data folder (models, queue, trash). Absent: PLUME_HOME, then the system's usual place for application data. */
  readonly home?: string;
  /** Folder for finished clips. Absent: PLUME_OUTPUT, then `Videos/Plume Studio` in the user's home. */
  readonly output?: string;
  /** Path of an ffmpeg executable that the user chose. */
  readonly ffmpeg?: string;
  /** Opens the system's file manager at this file; each shell knows its own way. Absent: the platform's command. */
  readonly reveal?: (path: string) => Promise<void>;
  /** Milliseconds without a job after which the model is unloaded. Default five minutes. */
  readonly idleUnloadMs?: number;
  /** Bytes that posters, strips, waveforms and proxies may take; they can all be made again. Default 10 GiB. */
  readonly preparedBytes?: number;
  /** Where diagnostics go, one line at a time. Default: nowhere. */
  readonly log?: (line: string) => void;
  /** The engine's script and the Node that runs it, where they are not this checkout's and this process's own: Electron is no Node. */
  readonly engine?: { readonly entry: string; readonly node: string };
}
