/** Times by which even frames may be off: containers count in milliseconds, or worse. */
const TOLERANCE = 0.2;
const TOLERANCE_SECONDS = 0.002;
/** A frame dropped now and then makes no variable rate; this share of uneven steps does. */
const UNEVEN = 0.05;
/** Frames at the end of a stretch whose neighbours may lie beyond it: codecs store pictures out of order. */
const REORDERED = 8;

/** Steps between neighbours, with the reordered end left out where there are enough. */
function steps(times: readonly number[]): number[] {
  const sure = times.length > 3 * REORDERED ? times.slice(0, -REORDERED) : times;
  return sure.slice(1).map((time, i) => time - sure[i]!);
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Whether frames come at other than equal times. @param groups sorted times of stretches of one film, seconds */
export function isVariable(groups: readonly (readonly number[])[]): boolean {
  const all = groups.map(steps).filter((each) => each.length > 0);
  const usual = median(all.flat());
  if (!(usual > 0)) return false;
  const far = (step: number): boolean => Math.abs(step - usual) > Math.max(TOLERANCE_SECONDS, TOLERANCE * usual);
  return all.some((each) => far(median(each))) || all.flat().filter(far).length > UNEVEN * all.flat().length;
}

/** Frames per second of these stretches; null where there are too few. */
export function meanRate(groups: readonly (readonly number[])[]): number | null {
  const all = groups.flatMap(steps);
  const seconds = all.reduce((sum, step) => sum + step, 0);
  return all.length > 0 && seconds > 0 ? all.length / seconds : null;
}
