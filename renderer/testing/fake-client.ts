import type { StudioEvent } from "../../core/contract/index.ts";
import { system } from "../../core/testing/samples.ts";
import type { WindowClient } from "../client/client.ts";

type Answers = Readonly<Record<string, (input: never) => unknown>>;

/** A client that answers as told, writes down what it was asked, and lets the test tell events. */
export function fakeClient(answers: Answers = {}) {
  const calls: { method: string; input: unknown }[] = [];
  const listeners = new Set<(event: StudioEvent) => void>();
  const defaults: Answers = {
    "library.list": () => [],
    "media.list": () => [],
    "analysis.facts": () => [],
    "media.status": () => [],
    "exports.records": () => [],
    "system.info": () => system,
  };
  const client: WindowClient = {
    async call(method, input) {
      calls.push({ method, input });
      const answer = answers[method] ?? defaults[method];
      return (answer ? answer(input as never) : {}) as never;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    clipUrl: (id) => `/media/${id}`,
    previewUrl: (id, step) => `/preview/${id}/${step}`,
    keyframeUrl: (id, place, version) => `/keyframe/${id}/${place}/${version}`,
    pictureUrl: (id, version) => `/picture/${id}/${version}`,
    soundUrl: (id, version, { from, frames }) => `/sound/${id}/${version}/${from}/${frames}`,
    mediaUrl: (id, version, what) => `/source/${id}/${version}/${what}`,
    posterUrl: (id, version) => `/source/${id}/${version}/poster`,
    stripUrl: (id, version) => `/source/${id}/${version}/strip`,
    peaksUrl: (id, version) => `/source/${id}/${version}/peaks`,
    maskUrl: (id, key) => `/masks/${id}/${key}`,
    async addFrame(file, sequence) {
      calls.push({ method: "addFrame", input: { name: file.name, sequence } });
    },
    async openTimeline(file) {
      calls.push({ method: "openTimeline", input: file.name });
      return (answers["openTimeline"] ?? (() => ({})))(file as never) as never;
    },
    async layAside(file, purpose) {
      calls.push({ method: "layAside", input: { name: file.name, ...purpose } });
    },
    async addMedia(file) {
      calls.push({ method: "addMedia", input: file.name });
      return (answers["addMedia"] ?? (() => ({})))(file as never) as never;
    },
  };
  const tell = (event: StudioEvent) => {
    for (const listener of listeners) listener(event);
  };
  return { client, calls, tell };
}

/** Storage in memory. */
export function fakeStorage(content: Record<string, string> = {}) {
  const values = new Map(Object.entries(content));
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
  };
}
