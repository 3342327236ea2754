/**
 * A value inside ffmpeg's filter language. It is read twice: first the graph is cut at `,;[]`, then a filter's options at `:`; both
 * take `\` and `'` as quotes (https://ffmpeg.org/ffmpeg-filters.html#Notes-on-filtergraph-escaping). Every text that comes from
 * outside goes through here; arguments as a whole never pass a shell.
 */
export function filterText(text: string): string {
  return text.replace(/[\\':]/g, "\\$&").replace(/[\\'[\],;]/g, "\\$&");
}
