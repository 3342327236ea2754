import { z } from "zod";
import { Draft } from "../draft.ts";
import { parameterSchema } from "../parameters.ts";
import { attempt, type Result } from "../result.ts";
import { idSchema, type Timeline } from "../schema.ts";
import { withParameter } from "./parameter.ts";

export const reframeArguments = z.strictObject({
  clip: idSchema,
  parameters: z.strictObject({
    positionX: parameterSchema,
    positionY: parameterSchema,
    scaleX: parameterSchema,
    scaleY: parameterSchema,
  }),
});

/** Gives a clip a new place and size in the frame, moving or not, in one step. What turned it before is undone: the crop is upright. */
export function reframe(
  document: Timeline,
  { clip: id, parameters }: z.infer<typeof reframeArguments>,
): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    draft.replaceClip(id, (clip) => {
      let next = withParameter(clip, "rotation", 0);
      for (const name of ["positionX", "positionY", "scaleX", "scaleY"] as const)
        next = withParameter(next, name, parameters[name]);
      return next;
    });
    return draft.finish();
  });
}
