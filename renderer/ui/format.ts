/** Words and numbers as people read them. All pure. */

const plural = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
export { plural };

/** "1.4 GB", "24 kB": decimal units, as file managers show them. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** "11 GB": memory in the same units as everywhere else in the studio; a limit that is set in one place is met in another. */
export const formatMemory = (bytes: number): string => {
  if (bytes < 0.95e9) return `${Math.round(bytes / 1e6)} MB`;
  const gb = bytes / 1e9;
  return `${gb >= 10 ? Math.round(gb) : gb.toFixed(1)} GB`;
};

/** "0.82 s", "12.4 s", "3 min 05 s": measured time. */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** "a few seconds", "about 25 s", "about 3 min": an estimate never pretends to be exact. */
export function formatEstimate(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 8) return "a few seconds";
  if (seconds < 58) return `about ${Math.ceil(seconds / 5) * 5} s`;
  if (seconds < 3570) return `about ${Math.max(1, Math.round(seconds / 60))} min`;
  return `about ${(seconds / 3600).toFixed(1)} h`;
}

/** "2.0 s" of `frames` at `fps`. */
export const formatLength = (frames: number, fps: number): string => {
  const seconds = frames / fps;
  return `${Number.isInteger(seconds * 10) ? seconds.toFixed(1) : seconds.toFixed(2)} s`;
};

/** "8.4 million", "0.7 billion". */
export function formatCount(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} billion`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} million`;
  return count.toLocaleString("en");
}

const two = (value: number) => String(value).padStart(2, "0");

/** Position as editors write it, minutes:seconds:frames, e.g. "00:01:07" for the seventh frame after one second. */
export function timecode(frame: number, fps: number): string {
  const rate = Math.max(1, Math.round(fps));
  const seconds = Math.floor(frame / rate);
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}:${two(frame % rate)}`;
}

/** "today 21:14", "3 Nov 09:20" in the user's own time zone. */
export function formatMoment(iso: string, now = new Date()): string {
  const date = new Date(iso);
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (date.toDateString() === now.toDateString()) return `today ${time}`;
  return `${date.toLocaleDateString([], { day: "numeric", month: "short" })} ${time}`;
}

/** "just now", "12 s ago", "3 min ago", "2 h ago", "5 days ago". */
export function formatAgo(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${plural(Math.floor(seconds / 86_400), "day")} ago`;
}
