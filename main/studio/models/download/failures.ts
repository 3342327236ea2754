/** What went wrong with a download, as sentences that say what to do. */
import { StudioError } from "../../../../core/contract/index.ts";
import { causeOf, type RefusedError } from "./wire.ts";

const KEPT = "What has arrived is kept";

/** The network, or a server that is out of order for longer than we have patience. */
export function unreachable(cause: Error, host: string): StudioError {
  return new StudioError(
    "DOWNLOAD_FAILED",
    `${host} could not be reached, or the connection kept breaking. ${KEPT}: check the network (and proxy and mirror in the models' settings), then press Retry.`,
    causeOf(cause),
    { cause },
  );
}

export function refusal({ status, host }: RefusedError, hasToken: boolean): StudioError {
  const detail = `${host} answered ${status}`;
  if (status === 401 || status === 403)
    return new StudioError(
      "DOWNLOAD_REFUSED",
      hasToken
        ? `${host} does not let your access token fetch this file: ask for access on the model's page, or enter another token in the models' settings. ${KEPT}.`
        : `${host} gives this file only to those whom it knows: enter an access token in the models' settings, then press Retry. ${KEPT}.`,
      detail,
    );
  if (status === 404 || status === 410)
    return new StudioError(
      "DOWNLOAD_REFUSED",
      `${host} has no such file any more: its makers may have moved it. Look at the model's page, or choose another mirror. ${KEPT}.`,
      detail,
    );
  return new StudioError(
    "DOWNLOAD_REFUSED",
    `${host} does not give this file out (it answered ${status}): try again later, or choose another mirror. ${KEPT}.`,
    detail,
  );
}

export function sizeDiffers(actual: number, stated: number): StudioError {
  return new StudioError(
    "DOWNLOAD_WRONG",
    "The file has another size than its makers state, so it is not theirs: nothing was installed. Choose another mirror, or try again later.",
    `${actual} bytes instead of ${stated}`,
  );
}

export function wrongBytes(detail: string): StudioError {
  return new StudioError(
    "DOWNLOAD_WRONG",
    "What arrived is not what its makers published, so nothing was installed. Press Retry to fetch it again, or choose another mirror.",
    detail,
  );
}
