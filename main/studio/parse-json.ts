/** What a text says in JSON; null where it is none, as of a file that is half written or damaged. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
