import { StudioError } from "../../../../core/contract/index.ts";

/** The way out is closed: the proxy says no to whatever comes. @param host that was asked for */
export function proxyRefusal(status: number, host: string): StudioError {
  const detail = `the proxy answered ${status} for ${host}`;
  if (status === 407)
    return new StudioError(
      "DOWNLOAD_REFUSED",
      "The proxy wants a name and password, or others: write them into its address in the models' settings (http://name:password@proxy:8080), then press Retry. What has arrived is kept.",
      detail,
    );
  return new StudioError(
    "DOWNLOAD_REFUSED",
    `The proxy does not let downloads from ${host} pass (it answered ${status}): ask whoever runs it, or choose another mirror. What has arrived is kept.`,
    detail,
  );
}
