import { expect, test } from "vitest";
import { menusSchema } from "../../core/contract/index.ts";
import { accelerator } from "../../main/shell-electron/menu.ts";
import { commands } from "./index.ts";
import { menusOf } from "./menus.ts";

const keymap = { preset: "default", changed: {} } as const;

test("every command stands in the menu bar once, as the desktop understands it", () => {
  const menus = menusOf(commands, keymap);
  expect(menusSchema.parse(menus)).toEqual(menus);
  const ids = menus.flatMap(({ items }) => items.map(({ id }) => id));
  expect(ids.length).toBe(new Set(ids).size);
  expect(new Set(ids)).toEqual(new Set(commands.filter(({ keysOnly }) => keysOnly !== true).map(({ id }) => id)));
  for (const { items } of menus) expect(items[0]?.begins ?? true).toBe(true);
});

test("keys are those of the user's key map, and nearly all can be shown", () => {
  const menus = menusOf(commands, { preset: "default", changed: { "clip.split": ["Mod+KeyB"] } });
  const items = menus.flatMap((menu) => menu.items);
  expect(items.find(({ id }) => id === "clip.split")?.chord).toBe("Mod+KeyB");
  const unknown = items.filter(({ chord }) => chord !== null && !chord.startsWith("=") && !accelerator(chord, "linux"));
  expect(unknown).toEqual([]);
});
