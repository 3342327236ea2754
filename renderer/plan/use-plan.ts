import { useEffect, useState } from "react";
import type { Plan, PlanWish } from "../../core/contract/index.ts";
import { useSelect, useStudio } from "../state/context.ts";

/** A hand that drags a slider asks once it rests. */
const REST_MS = 200;

/**
 * What these clips would take, in their order; null until the studio has answered. Asked anew when a wish changes, when another clip was
 * made (then more is known), when a model came or went, and when the user chose another device or limit.
 */
export function usePlans(wishes: readonly PlanWish[]): readonly Plan[] | null {
  const { client } = useStudio();
  const made = useSelect((state) => state.clips.length);
  const models = useSelect((state) => state.models);
  const turn = useSelect((state) => state.computerTurn);
  const [plans, setPlans] = useState<{ readonly key: string; readonly plans: readonly Plan[] } | null>(null);
  const key = JSON.stringify({ wishes, made, turn, models: models.map(({ id, bytesOnDisk }) => [id, bytesOnDisk]) });
  const isIdle = wishes.length === 0 || models.length === 0;
  useEffect(() => {
    if (isIdle) return undefined;
    let isStale = false;
    const timer = setTimeout(() => {
      const asked = (JSON.parse(key) as { wishes: PlanWish[] }).wishes;
      client.call("planner.plan", { wishes: asked }).then(
        (answer) => {
          if (!isStale) setPlans({ key, plans: answer });
        },
        () => {}, // what cannot be planned is refused when it is asked for
      );
    }, REST_MS);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  }, [client, key, isIdle]);
  return plans?.key === key ? plans.plans : null;
}
