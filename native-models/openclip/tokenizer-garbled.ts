/**
 * Decides whether a line looks as if UTF-8 had been read in a one-byte encoding.
 *
 * Some 400 characters can appear in such garble. They are put into classes, and neighbours that people do not write on purpose (a
 * small accented letter followed by a currency sign, say) give the line away. Classes and neighbours are those of ftfy's documented
 * heuristic, because the reference tokenizer acts on them (https://ftfy.readthedocs.io, "Heuristic"; R. Speer).
 */

/** Never used on purpose. */
const c1 = "\\x80-\\x9f";
/** Characters of many honest contexts: spaces, dashes, the apostrophe. */
const common = "\\u{a0}\\u{ad}·´–—―…’";
/** Hardly ever used but in garble. */
const rare = "¦¤¨¬¯¸ƒˆˇ˘˛˜†‡‰⌐◊\\u{fffd}ªº";
const law = "¶§";
const currency = "¢£¥₧€";
const opening = "¡«¿©΄΅‘‚“„•‹\\u{f8ff}";
const closing = "®»˝”›™";
const numeric = "²³¹±¼½¾×µ÷⁄∂∆∏∑√∞∩∫≈≠≡≤≥№";
/** Letters of which faces are made: they may stand in odd company. */
const faces = "Ò-ÖÙ-Üò-öø-üŐŌŪŲ°";
const upper = "À-ÑØÜÝĂĀĄĆČĎĐĘĚĒĖĞĢİĪĶĹĽŁĻŃŇŅŒŘŚŞŠŢŤŮŰŸŹŻŽҐ";
const lower = "ßà-ñăąāćčďđęěēėğģįīķĺľłļœŕśşšťüźżžґﬁﬂ";
/** Letters of whole alphabets (Greek, Cyrillic), common in honest text. */
const upperAlphabet = "ÞΑ-ΩΆΈΉΊΌΎΏΪΫЁ-Я";
const lowerAlphabet = "α-ωάέήίΰа-џ";
const boxes = "│┌┐┘├┤┬┼═-╬▀▄█▌▐░▒▓";
/** `\w` of Python: letters, numbers, underscore. */
const word = "\\p{L}\\p{N}_";
/** `\s` of Python. */
const space = "\\t-\\r\\x1c-\\x20\\x85\\u{a0}\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}\\u{205f}\\u{3000}";

/** A sequence of character classes. */
const sequence = (...classes: readonly string[]): string => classes.map((members) => `[${members}]`).join("");

const anyMark = lower + upper + boxes + opening + closing + currency + numeric + law;
const arabicSecond = `${common}${currency}${rare}${numeric}${opening}ŸŠ®°µ»`;
const alphabetSecond = c1 + rare + opening + closing + currency;

const giveaways = new RegExp(
  [
    sequence(c1),
    sequence(rare + anyMark, rare),
    sequence("a-zA-Z", lowerAlphabet + upperAlphabet, rare),
    sequence(rare, anyMark),
    sequence(lower + lowerAlphabet + boxes + closing + currency + numeric, upper),
    sequence(boxes + closing + currency + numeric, lower),
    sequence(lower + boxes + closing, currency),
    sequence(space, upper, currency),
    sequence(upper + boxes, numeric + law),
    sequence(lower + upper + boxes + currency + closing, opening, numeric),
    sequence(lower + upper + currency + numeric + boxes + law, closing, opening),
    sequence(currency + numeric + boxes, opening),
    sequence("a-z", upper, opening + currency),
    sequence(boxes, faces),
    sequence(lower + upper + currency + numeric + opening + closing + law, boxes),
    sequence(boxes, closing),
    sequence(lower + upper, opening + closing, word),
    // The ligature œ stands before a plain letter, or it is garble.
    sequence("Œœ", "^A-Za-z"),
    sequence(upper, "°"),
    // Two-character sequences of windows-1252.
    sequence("ÂÃÎÐ", `€œŠš¢£Ÿž\\u{a0}\\u{ad}®©°·»${opening}${closing}–—´`),
    sequence("×", "²³"),
    // Arabic read as windows-1252: its second characters are common, so four in a row are asked for.
    sequence("ØÙ", arabicSecond, "ØÙ", arabicSecond),
    // South Asian alphabets read as windows-1252.
    sequence("à", "²µ¹¼½¾"),
    // MacRoman.
    sequence("√", "±∂†≠®™´≤≥¥µø"),
    sequence("≈", "°¢"),
    sequence("‚", "Ä", "ìîïòôúùû†°¢π"),
    sequence("‚", "âó", "àä°ê"),
    // Punctuation of U+2000 and on: windows-1251, and Cyrillic itself.
    "вЂ",
    sequence("ВГРС", `${alphabetSecond}°µ`, "ВГРС"),
    `ГўВЂВ${sequence("^\\n", "A-Za-z ")}`,
    // "à", "á" and the no-break space, whose own no-break space may have become a plain one.
    sequence("Ã", "\\u{a0}¡"),
    `[a-z][${space}]?[ÃÂ] `,
    "^[ÃÂ] ",
    // Â before a character that it encodes.
    sequence(`a-z.,?!${closing}`, "Â", ` ${opening}${closing}`),
    // windows-1253: punctuation, then Greek itself; windows-1257: punctuation.
    `β€${sequence("™\\u{a0}Ά\\u{ad}®°")}`,
    sequence("ΒΓΞΟ", `${alphabetSecond}°`, "ΒΓΞΟ"),
    "ā€",
  ].join("|"),
  "u",
);

/** True when some neighbouring characters of the line are much likelier garble than meant. */
export function looksGarbled(text: string): boolean {
  return giveaways.test(text);
}
