import type { ButtonHTMLAttributes, ReactNode } from "react";
import { offProps } from "./off.ts";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "type"> {
  readonly kind?: "plain" | "quiet" | "primary";
  readonly icon?: ReactNode;
  /** With no children, the accessible name and tooltip of an icon button. */
  readonly label?: string | undefined;
  /** Why it is off now, in one sentence; null: it is on. It stays within reach of the keyboard, so that everybody hears why. */
  readonly off?: string | null;
}

export function Button({ kind = "plain", icon, label, children, className = "", off = null, ...rest }: Props) {
  const alone = children === undefined;
  const classes = `button ${kind === "plain" ? "" : `button--${kind}`} ${alone ? "button--icon" : ""} ${className}`;
  const state = off === null ? {} : { ...offProps(off), onClick: undefined };
  return (
    <button type="button" className={classes} aria-label={alone ? label : undefined} title={label} {...rest} {...state}>
      {icon}
      {children}
    </button>
  );
}
