/**
 * HTML character references, decoded as Python's `html.unescape` does (the reference tokenizer calls it twice) and as ftfy's stricter
 * variant does (only references that end in a semicolon, upper-cased names included).
 *
 * Source: HTML Living Standard, "Numeric character reference end state" and "Named character references".
 */
import { decodeEntity } from "html-entities";

/** What windows-1252 shows for the bytes 0x80 to 0x9F; browsers read numeric references to C1 controls this way. */
const windows1252 = new TextDecoder("windows-1252");

/** The characters of a named reference (`amp;`, or `amp` for the old names that need no semicolon), or undefined. */
function named(name: string): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9]*;?$/u.test(name)) return undefined;
  // The library still has HTML 4's angle brackets (U+2329, U+232A); HTML 5 moved them.
  if (name === "lang;") return "\u27e8";
  if (name === "rang;") return "\u27e9";
  const reference = `&${name}`;
  const decoded = decodeEntity(reference, { level: "html5" });
  return decoded === reference ? undefined : decoded;
}

function isNonCharacter(code: number): boolean {
  return (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe;
}

function numeric(digits: string, radix: 10 | 16): string {
  const code = Number.parseInt(digits, radix);
  if (code === 0) return "\ufffd";
  if (code === 0x0d) return "\r";
  if (code >= 0x80 && code <= 0x9f) return windows1252.decode(Uint8Array.of(code));
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return "\ufffd";
  const isControl = code <= 0x08 || code === 0x0b || (code >= 0x0e && code <= 0x1f) || code === 0x7f;
  return isControl || isNonCharacter(code) ? "" : String.fromCodePoint(code);
}

/** Decodes every reference, the sloppy ones without a semicolon included: `&amp;` → `&`, `&notit;` → `¬it;`, `&#x41` → `A`. */
export function unescapeHtml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#(?<decimal>[0-9]+);?|#[xX](?<hex>[0-9a-fA-F]+);?|(?<name>[^\t\n\f <&#;]{1,32};?))/gu,
    (match: string, decimal?: string, hex?: string, name?: string) => {
      if (decimal !== undefined) return numeric(decimal, 10);
      if (hex !== undefined) return numeric(hex, 16);
      if (name === undefined) return match;
      const whole = named(name);
      if (whole !== undefined) return whole;
      for (let length = name.length - 1; length > 1; length--) {
        const start = named(name.slice(0, length));
        if (start !== undefined) return start + name.slice(length);
      }
      return match;
    },
  );
}

/** Decodes only references that are meant beyond doubt: a known name or number with its semicolon, or a known name in capitals. */
export function unescapeStrictHtml(text: string): string {
  return text.replace(/&#?[0-9A-Za-z]{1,24};/gu, (reference) => {
    if (reference.startsWith("&#")) {
      const decoded = unescapeHtml(reference);
      return decoded.includes(";") ? reference : decoded;
    }
    const name = reference.slice(1);
    const known = named(name);
    if (known !== undefined) return known;
    if (name !== name.toUpperCase() || unescapeHtml(reference) !== reference) return reference;
    return named(name.toLowerCase())?.toUpperCase() ?? reference;
  });
}
