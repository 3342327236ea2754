import type { ButtonHTMLAttributes, ReactNode } from "react";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "type"> {
  readonly kind?: "plain" | "quiet" | "primary";
  readonly icon?: ReactNode;
  /** With no children, the accessible name and tooltip of an icon button. */
  readonly label?: string;
}

export function Button({ kind = "plain", icon, label, children, className = "", ...rest }: Props) {
  const alone = children === undefined;
  const classes = `button ${kind === "plain" ? "" : `button--${kind}`} ${alone ? "button--icon" : ""} ${className}`;
  return (
    <button type="button" className={classes} aria-label={alone ? label : undefined} title={label} {...rest}>
      {icon}
      {children}
    </button>
  );
}
