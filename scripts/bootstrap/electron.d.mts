/** Types of electron.mjs, which runs before anything is installed and so is plain JavaScript. */
export function ensureElectron(options?: {
  readonly folder?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly platform?: NodeJS.Platform;
  readonly user?: number;
  readonly limitMs?: number;
}): Promise<string | null>;
