import type { ExchangeFormat } from "../../core/contract/index.ts";

/** What the formats for other programs are called, and what they hold. */
export const exchangeWords: Readonly<Record<ExchangeFormat, { readonly name: string; readonly about: string }>> = {
  otio: { name: "OpenTimelineIO", about: "The timeline for other editors; nothing is lost for this one" },
  otioz: { name: "OpenTimelineIO with media", about: "The same with every file it uses, in one bundle" },
  fcpxml: { name: "Final Cut Pro XML", about: "Version 1.10, also for DaVinci Resolve" },
  edl: { name: "EDL", about: "CMX 3600: cuts and dissolves of one picture track" },
  srt: { name: "SubRip subtitles", about: "The texts with their times, .srt" },
  vtt: { name: "WebVTT subtitles", about: "The same for web pages, .vtt" },
};
