import { useEffect, useMemo, useRef } from "react";
import type { EditArguments, EditName } from "../../core/timeline/index.ts";
import { useStudio } from "../state/context.ts";

export interface Gesture {
  /** Makes an edit instead of the one before of the same gesture. */
  readonly perform: <N extends EditName>(name: N, args: EditArguments<N>) => void;
  /** What follows is a new step of the history. */
  readonly end: (how?: "keep" | "cancel") => void;
}

/** Edits that belong together, as long as a slider is held or a field is typed in: one step of the history. */
export function useGesture(): Gesture {
  const { project } = useStudio();
  const id = useRef<string | null>(null);
  const gesture = useMemo<Gesture>(
    () => ({
      perform(name, args) {
        id.current ??= crypto.randomUUID();
        project.perform(name, args, { gesture: id.current, fromStart: true });
      },
      end(how = "keep") {
        if (id.current !== null) project.endGesture(id.current, how);
        id.current = null;
      },
    }),
    [project],
  );
  useEffect(() => () => gesture.end(), [gesture]);
  return gesture;
}
