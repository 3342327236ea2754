/**
 * Films with transparency are put together in workers that mediabunny makes from its own code, by a blob. The page's policy asks that each
 * script address is vouched for: this vouches for blobs of this page, and for nothing else.
 */
interface PolicyFactory {
  readonly defaultPolicy: unknown;
  createPolicy(name: string, rules: { createScriptURL(url: string): string | null }): unknown;
}

export function trustOwnWorkers(): void {
  const { trustedTypes } = globalThis as { trustedTypes?: PolicyFactory };
  if (trustedTypes === undefined || trustedTypes.defaultPolicy !== null) return;
  const own = `blob:${location.origin}/`;
  trustedTypes.createPolicy("default", { createScriptURL: (url) => (url.startsWith(own) ? url : null) });
}
