import { XmlElement, XmlText } from "@rgrove/parse-xml";
import { type Flicks, FLICKS_PER_SECOND } from "../time/index.ts";

/** What both ways of FCPXML need of XML and of its times. */

export const elements = ({ children }: XmlElement): XmlElement[] =>
  children.filter((each): each is XmlElement => each instanceof XmlElement);

export const child = (parent: XmlElement, name: string): XmlElement | null =>
  elements(parent).find((each) => each.name === name) ?? null;

/** The first of this name at any depth, in the order of the file. */
export function find(parent: XmlElement, name: string): XmlElement | null {
  for (const each of elements(parent)) {
    const found = each.name === name ? each : find(each, name);
    if (found !== null) return found;
  }
  return null;
}

export const wordsOf = ({ children }: XmlElement): string =>
  children
    .map((each) => (each instanceof XmlText ? each.text : each instanceof XmlElement ? wordsOf(each) : ""))
    .join("");

/** `1001/30000s`, `5s`; null where there is none or it is none. Exact: a fraction of flicks is rounded once. */
export function timeOf(text: string | undefined): Flicks | null {
  const match = /^(-?\d+(?:\.\d+)?)(?:\/(\d+))?s$/.exec(text?.trim() ?? "");
  if (match === null) return null;
  const top = Number(match[1]);
  const bottom = Number(match[2] ?? 1);
  if (bottom === 0) return null;
  if (!Number.isSafeInteger(top)) return Math.round((top / bottom) * FLICKS_PER_SECOND);
  const scaled = BigInt(top) * BigInt(FLICKS_PER_SECOND) * 2n + BigInt(bottom);
  return Number(scaled / (BigInt(bottom) * 2n));
}

/** A time, absent the beginning. */
export const time = (text: string | undefined): Flicks => timeOf(text) ?? 0;
