/**
 * A control that is off: it stays within reach of the keyboard and says why, to the eye and to a screen reader. `disabled` would take both
 * away, so lint keeps it out of the window; whoever uses this ignores the control's event while it is off. Null: it is on.
 */
export const offProps = (off: string | null) =>
  off === null ? {} : ({ "aria-disabled": true, "aria-description": off, title: off } as const);
