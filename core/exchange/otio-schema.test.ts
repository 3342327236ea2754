import * as fc from "fast-check";
import { expect, it } from "vitest";
import { FRAME_RATES } from "../time/index.ts";
import { applyEdit, type Timeline } from "../timeline/index.ts";
import { callOf, recipes } from "../timeline/testing/random-edits.ts";
import { add, clipId, edited, frames, linkedPairs, trackId } from "../timeline/testing/sample.ts";
import { writeOtio } from "./index.ts";

/**
 * The fields of each object that OpenTimelineIO serializes, of those that we write, with what may stand in them: an object of another
 * schema is named by its version, `?` may be null. The list that its release publishes leaves out the `children` of stacks and tracks, and
 * `enabled` of effects, which came later.
 * https://opentimelineio.readthedocs.io/en/latest/tutorials/otio-serialized-schema-only-fields.html
 */
const ITEM = {
  effects: ["Effect.1", "LinearTimeWarp.1"],
  enabled: "boolean",
  markers: ["Marker.2"],
  source_range: "TimeRange.1?",
} as const;
const REFERENCE = { available_image_bounds: "null", available_range: "TimeRange.1?" } as const;
const NAMED = { metadata: "object", name: "string" } as const;

type Field = string | readonly string[];
const SCHEMAS: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  "Timeline.1": { ...NAMED, global_start_time: "RationalTime.1?", tracks: "Stack.1" },
  "Stack.1": { ...NAMED, ...ITEM, children: ["Track.1"] },
  "Track.1": { ...NAMED, ...ITEM, kind: "kind", children: ["Clip.2", "Gap.1", "Transition.1"] },
  "Clip.2": { ...NAMED, ...ITEM, active_media_reference_key: "string", media_references: "references" },
  "Gap.1": { ...NAMED, ...ITEM },
  "Transition.1": {
    ...NAMED,
    in_offset: "RationalTime.1",
    out_offset: "RationalTime.1",
    transition_type: "string",
  },
  "Marker.2": { ...NAMED, color: "colour", comment: "string", marked_range: "TimeRange.1" },
  "Effect.1": { ...NAMED, effect_name: "string", enabled: "boolean" },
  "LinearTimeWarp.1": { ...NAMED, effect_name: "string", enabled: "boolean", time_scalar: "number" },
  "ExternalReference.1": { ...NAMED, ...REFERENCE, target_url: "string" },
  "MissingReference.1": { ...NAMED, ...REFERENCE },
  "GeneratorReference.1": { ...NAMED, ...REFERENCE, generator_kind: "string", parameters: "object" },
  "TimeRange.1": { duration: "RationalTime.1", start_time: "RationalTime.1" },
  "RationalTime.1": { rate: "number", value: "number" },
};
const REFERENCES = ["ExternalReference.1", "MissingReference.1", "GeneratorReference.1"];
const COLOURS = ["PINK", "RED", "ORANGE", "YELLOW", "GREEN", "CYAN", "BLUE", "PURPLE", "MAGENTA", "BLACK", "WHITE"];

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What does not follow the schemas, as sentences. */
function complaints(value: unknown, allowed: readonly string[], at: string): string[] {
  const schema = isObject(value) ? value["OTIO_SCHEMA"] : undefined;
  if (!isObject(value) || typeof schema !== "string" || !allowed.includes(schema))
    return [`${at} is ${String(schema)} and no ${allowed.join(" or ")}`];
  const fields = SCHEMAS[schema]!;
  const strange = Object.keys(value).filter((name) => name !== "OTIO_SCHEMA" && !Object.hasOwn(fields, name));
  return [
    ...strange.map((name) => `${at}.${name} is no field of ${schema}`),
    ...Object.entries(fields).flatMap(([name, field]) => wrongs(value[name], field, `${at}.${name}`, value)),
  ];
}

function wrongs(value: unknown, field: Field, at: string, owner: Json): string[] {
  if (value === undefined) return [`${at} is missing`];
  if (typeof field !== "string")
    return Array.isArray(value)
      ? value.flatMap((each, n) => complaints(each, field, `${at}[${n}]`))
      : [`${at} is no list`];
  if (field.endsWith("?") && value === null) return [];
  const name = field.replace("?", "");
  if (Object.hasOwn(SCHEMAS, name)) return complaints(value, [name], at);
  if (name === "references") {
    if (!isObject(value)) return [`${at} is no object`];
    const key = owner["active_media_reference_key"];
    const known = typeof key === "string" && Object.hasOwn(value, key) ? [] : [`${at} has no ${String(key)}`];
    return [...known, ...Object.entries(value).flatMap(([key, each]) => complaints(each, REFERENCES, `${at}.${key}`))];
  }
  const isGood: Readonly<Record<string, boolean>> = {
    null: value === null,
    object: isObject(value),
    string: typeof value === "string",
    boolean: typeof value === "boolean",
    number: typeof value === "number" && Number.isFinite(value),
    kind: value === "Video" || value === "Audio",
    colour: typeof value === "string" && COLOURS.includes(value),
  };
  return isGood[name] === true ? [] : [`${at} is ${JSON.stringify(value)} and no ${name}`];
}

/** A title, a marker of each colour, a promise and a take, gains and speeds. */
function rich(): Timeline {
  let document = add(linkedPairs(), "V2", "short", "short", 10, 30);
  document = edited(document, "overwrite", {
    at: 0,
    clips: [{ track: trackId(document, "T1"), clip: { text: { text: "Title" }, duration: frames(10) } }],
  });
  const clip = clipId(document, "v1");
  for (const [n, colour] of (["red", "orange", "yellow", "green", "cyan", "blue", "purple", "grey"] as const).entries())
    document = edited(document, "addMarker", {
      markedRange: { start: frames(n), duration: 0 },
      colour,
      ...(n % 2 === 0 ? { clip } : {}),
    });
  document = edited(document, "addTake", { clip, media: null, job: "job1" });
  document = edited(document, "setSpeed", { clip: clipId(document, "v2"), speed: 2 });
  document = edited(document, "setParameter", { clips: [clipId(document, "a1")], parameter: "volume", value: -60 });
  return edited(document, "setSettings", { rate: FRAME_RATES["29.97"] });
}

const problems = (text: string): string[] => complaints(JSON.parse(text), ["Timeline.1"], "timeline");

it("whatever was edited, every object that is written has the fields of its published schema, and no others", () => {
  expect(problems(writeOtio(rich()))).toEqual([]);
  fc.assert(
    fc.property(recipes, (list) => {
      const document = list.reduce((now: Timeline, recipe) => {
        const result = applyEdit(now, callOf(now, recipe));
        return result.ok ? result.value : now;
      }, rich());
      expect(problems(writeOtio(document))).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

it("the list above finds what is wrong", () => {
  const text = writeOtio(rich());
  for (const [from, to] of [
    ['"Clip.2"', '"Clip.1"'],
    ['"global_start_time": null', '"begins": null'],
    ['"kind": "Video"', '"kind": "Text"'],
    ['"color": "RED"', '"color": "CRIMSON"'],
    ['"enabled": true', '"enabled": 1'],
    [/"active_media_reference_key": "[^"]*"/, '"active_media_reference_key": "elsewhere"'],
    ['"value": 0', '"value": null'],
  ] as const)
    expect(problems(text.replace(from, to)), String(from)).not.toEqual([]);
});
