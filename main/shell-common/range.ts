/** Which bytes of a file to send, both ends inclusive, or that nothing of what was asked exists (416). */
export type ByteRange =
  | { readonly status: 200 | 206; readonly start: number; readonly end: number }
  | { readonly status: 416 };

/**
 * Answers a `Range` header for a file of `size` bytes (RFC 9110, section 14). One satisfiable range gives 206 with exact ends;
 * a header that is absent, malformed, in another unit or asks for several ranges is ignored and gives the whole file (200),
 * as the RFC allows. For an empty file `end` is -1.
 */
export function byteRange(header: string | null | undefined, size: number): ByteRange {
  const whole: ByteRange = { status: 200, start: 0, end: size - 1 };
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? "");
  if (!match) return whole;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return whole;
  if (first === "") {
    // The last N bytes. A suffix longer than the file means all of it.
    const length = Math.min(Number(last), size);
    return length === 0 ? { status: 416 } : { status: 206, start: size - length, end: size - 1 };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return whole;
  if (start >= size) return { status: 416 };
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return { status: 206, start, end };
}
