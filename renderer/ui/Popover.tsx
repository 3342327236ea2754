import { ChevronDown } from "lucide-react";
import { Popover as Radix } from "radix-ui";
import type { ReactNode } from "react";

interface Props {
  /** Accessible name of the control, e.g. "Length". */
  readonly name: string;
  readonly icon?: ReactNode;
  /** What the control is set to, shown on it. */
  readonly value: string;
  readonly children: ReactNode;
  readonly className?: string;
}

/** A control that shows its value and opens a small panel to change it. Not modal: nothing behind it is locked. */
export function ControlPopover({ name, icon, value, children, className = "" }: Props) {
  return (
    <Radix.Root>
      <Radix.Trigger className={`control ${className}`} aria-label={`${name}: ${value}`} title={name}>
        {icon}
        <span className="control__value">{value}</span>
        <ChevronDown size={13} aria-hidden className="control__chevron" />
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          className="popover"
          side="top"
          align="start"
          sideOffset={8}
          collisionPadding={12}
          aria-label={name}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
