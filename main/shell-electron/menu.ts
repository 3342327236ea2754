import type { MenuItemConstructorOptions } from "electron";
import type { Menus } from "../../core/contract/index.ts";

/** What the menu bar's own items do; the window's commands go back to the window. */
export interface MenuActions {
  command(id: string): void;
  openProject(): void;
  copyDiagnostics(): void;
  showLicences(): void;
  checkForUpdates(): void;
  lookAtStart(wanted: boolean): void;
}

export interface MenuFacts {
  readonly platform: NodeJS.Platform;
  /** The user wants to be told of updates. */
  readonly looksAtStart: boolean;
}

const KEYS: Readonly<Record<string, string>> = {
  ArrowLeft: "Left",
  ArrowRight: "Right",
  ArrowUp: "Up",
  ArrowDown: "Down",
  BracketLeft: "[",
  BracketRight: "]",
  Backslash: "\\",
  Comma: ",",
  Period: ".",
  Slash: "/",
  Semicolon: ";",
  Quote: "'",
  Backquote: "`",
  Minus: "-",
  Equal: "=",
  Space: "Space",
  Enter: "Return",
  Escape: "Esc",
  Delete: "Delete",
  Backspace: "Backspace",
  Home: "Home",
  End: "End",
  PageUp: "PageUp",
  PageDown: "PageDown",
  NumpadAdd: "numadd",
  NumpadSubtract: "numsub",
};

/**
 * A chord of the window's key map as Electron writes it, "Mod+Shift+KeyK" → "CommandOrControl+Shift+K"; undefined for what it cannot
 * write, and on a Mac for a key without ⌘: menus would take it while text is typed.
 */
export function accelerator(chord: string | null, platform: NodeJS.Platform): string | undefined {
  if (chord === null || chord.startsWith("=")) return undefined;
  const parts = chord.split("+");
  const code = parts.pop()!;
  const key = /^(?:Key|Digit)(.)$/.exec(code)?.[1] ?? (/^F\d{1,2}$/.test(code) ? code : KEYS[code]);
  if (key === undefined || (platform === "darwin" && !parts.includes("Mod"))) return undefined;
  return [...parts.map((part) => (part === "Mod" ? "CommandOrControl" : part)), key].join("+");
}

const separator: MenuItemConstructorOptions = { type: "separator" };

/** The whole menu bar. Before the window has told its commands, `menus` is empty. */
export function menuTemplate(menus: Menus, actions: MenuActions, facts: MenuFacts): MenuItemConstructorOptions[] {
  const isMac = facts.platform === "darwin";
  const described = menus.map(({ title, items }) => ({ title, items: itemsOf(items, actions, facts.platform) }));
  const bar = described.some(({ title }) => title === "File")
    ? described
    : [{ title: "File", items: [] }, ...described];
  return [
    ...(isMac ? [{ role: "appMenu" } satisfies MenuItemConstructorOptions] : []),
    ...bar.map(({ title, items }): MenuItemConstructorOptions => {
      if (title === "File") return { label: title, submenu: fileMenu(items, actions, isMac) };
      // On a Mac text fields get their keys from these items alone.
      if (title === "Edit" && isMac) return { label: title, submenu: [...textRoles, separator, ...items] };
      return { label: title, submenu: items };
    }),
    ...(isMac ? [{ role: "windowMenu" } satisfies MenuItemConstructorOptions] : []),
    { role: "help", submenu: helpMenu(actions, facts) },
  ];
}

const textRoles: readonly MenuItemConstructorOptions[] = [{ role: "cut" }, { role: "copy" }, { role: "paste" }];

function itemsOf(
  items: Menus[number]["items"],
  actions: MenuActions,
  platform: NodeJS.Platform,
): MenuItemConstructorOptions[] {
  return items.flatMap(({ id, title, chord, begins }, place) => {
    const keys = accelerator(chord, platform);
    const item: MenuItemConstructorOptions = {
      id,
      label: title.replaceAll("&", "&&"),
      // Shown only: the window listens itself, because it knows when text is being typed.
      ...(keys === undefined ? {} : { accelerator: keys, registerAccelerator: false }),
      click: () => actions.command(id),
    };
    return begins && place > 0 ? [separator, item] : [item];
  });
}

function fileMenu(
  items: readonly MenuItemConstructorOptions[],
  actions: MenuActions,
  isMac: boolean,
): MenuItemConstructorOptions[] {
  return [
    { label: "Open project…", click: () => actions.openProject() },
    ...(isMac
      ? [{ role: "recentDocuments", submenu: [{ role: "clearRecentDocuments" }] } satisfies MenuItemConstructorOptions]
      : []),
    separator,
    ...items,
    separator,
    isMac ? { role: "close" } : { role: "quit" },
  ];
}

const helpMenu = (actions: MenuActions, { looksAtStart }: MenuFacts): MenuItemConstructorOptions[] => [
  { label: "Copy diagnostics", click: () => actions.copyDiagnostics() },
  { label: "Licences", click: () => actions.showLicences() },
  separator,
  { label: "Check for updates…", click: () => actions.checkForUpdates() },
  {
    label: "Look for updates at start",
    type: "checkbox",
    checked: looksAtStart,
    click: ({ checked }) => actions.lookAtStart(checked),
  },
];
