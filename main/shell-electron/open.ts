import { extname, isAbsolute } from "node:path";

/** What somebody outside wants opened: the desktop by a double click, a web page by a link, the user by a second start. */
export type Opening =
  | { readonly do: "project"; readonly path: string }
  | { readonly do: "known-project"; readonly id: string }
  | { readonly do: "show" };

/**
 * What one argument of the command line, or a link, asks for; null: nothing that we know. A link can come from any page of the web, so
 * that it may name a project that the studio knows already, by its id, and nothing else.
 */
export function decideOpening(argument: string): Opening | null {
  if (argument.length > 4096 || argument.includes("\0")) return null;
  if (/^plume:/i.test(argument)) {
    const id = /^plume:\/\/project\/([A-Za-z0-9_-]{1,64})\/?$/i.exec(argument)?.[1];
    return id === undefined ? { do: "show" } : { do: "known-project", id };
  }
  if (argument.startsWith("-") || !isAbsolute(argument)) return null;
  return extname(argument).toLowerCase() === ".plume" ? { do: "project", path: argument } : null;
}

/** What a whole command line asks for; without anything known it is a wish to see the window. The program itself is not looked at. */
export function openingsOf(argv: readonly string[]): Opening[] {
  const found = argv.slice(1).flatMap((argument) => decideOpening(argument) ?? []);
  return found.length > 0 ? found : [{ do: "show" }];
}
