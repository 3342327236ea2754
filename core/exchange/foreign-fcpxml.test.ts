import { describe, expect, it } from "vitest";
import { FLICKS_PER_SECOND, FRAME_RATES } from "../time/index.ts";
import { breaches, clipsOf, laneOf, mediaOf, type Timeline } from "../timeline/index.ts";
import { ExchangeError, type Imported, readFcpxml } from "./index.ts";

/** Shapes that files of Final Cut Pro (1.6 to 1.14) and of DaVinci Resolve have. */

const FORMAT = '<format id="r1" frameDuration="100/2500s" width="1280" height="720"/>';
/** Ten seconds of a camera that writes the time of day, and a song. */
const CAMERA =
  '<asset id="cam" name="cam" start="7200s" duration="10s" hasVideo="1" hasAudio="1" format="r1" audioChannels="2" audioRate="48000"><media-rep kind="original-media" src="file:///shots/cam%201.mov"><bookmark>Ym9v</bookmark></media-rep></asset>';
const SONG =
  '<asset id="song" name="song" start="0s" duration="5292000/44100s" hasAudio="1" audioSources="1" audioChannels="2" audioRate="44100"><media-rep src="file:///shots/song.wav"/></asset>';
const TITLE = '<effect id="fx" name="Basic Title" uid=".../Basic Title.moti"/>';

const document = (spine: string, resources = "", sequence = 'tcStart="0s"') =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n<fcpxml version="1.11"><resources>${FORMAT}${CAMERA}${SONG}${TITLE}${resources}</resources><library location="file:///Users/x/"><event name="E"><project name="Cut"><sequence format="r1" ${sequence}><spine>${spine}</spine></sequence></project></event><smart-collection name="All" match="any"/></library></fcpxml>`;

const title = (words: string, place: string, inside = "") =>
  `<title ref="fx" ${place}><text><text-style ref="t1">${words}</text-style></text><text-style-def id="t1"><text-style font="Helvetica" fontSize="72" fontColor="1 0 0 1" alignment="center"/></text-style-def>${inside}</title>`;

function read(text: string): Imported {
  const imported = readFcpxml(text);
  expect(breaches(imported.timeline)).toEqual([]);
  return imported;
}

/** Name, place, length and first moment of media of each clip of a track, in seconds. */
const cuts = (timeline: Timeline, name: string) =>
  laneOf(timeline.tracks.find((track) => track.name === name)!).placed.map(({ clip, start }) => [
    clip.name,
    ...[start, clip.sourceRange.duration, clip.sourceRange.start].map((time) =>
      Number((time / FLICKS_PER_SECOND).toFixed(4)),
    ),
  ]);
const named = (timeline: Timeline, name: string) => [...clipsOf(timeline)].find((clip) => clip.name === name)!;
const markers = ({ markers }: Timeline) =>
  markers.map(({ name, colour, markedRange: { start } }) => [name, start / FLICKS_PER_SECOND, colour]);

const conform = (attributes: string) =>
  read(
    document(
      `<asset-clip ref="cam" offset="0s" name="A" start="7202s" duration="4s"><conform-rate ${attributes}/></asset-clip>`,
    ),
  ).timeline;

describe("timecode", () => {
  it("of the project and of media: times count from the first frames", () => {
    const { timeline } = read(
      document(
        '<gap name="Gap" offset="3600s" start="3600s" duration="2s"/><asset-clip ref="cam" offset="3602s" name="A" start="7203s" duration="4s"/><asset-clip ref="cam" offset="3606s" name="whole"/>',
        "",
        'tcStart="3600s" tcFormat="NDF" audioRate="44.1k"',
      ),
    );
    expect(cuts(timeline, "V1")).toEqual([
      ["A", 2, 4, 3],
      ["whole", 6, 10, 0],
    ]);
    expect(timeline.settings).toMatchObject({ rate: FRAME_RATES["25"], width: 1280, height: 720, sampleRate: 44_100 });
    expect(mediaOf(timeline, named(timeline, "A"))).toMatchObject({
      path: "/shots/cam 1.mov",
      availableRange: { start: 0, duration: 10 * FLICKS_PER_SECOND },
    });
  });

  it("as Resolve writes it: fractions over one, attributes in any order, every clip switched on", () => {
    const { timeline } = read(
      document(
        '<asset-clip enabled="1" duration="50/25s" tcFormat="NDF" name="A" format="r1" start="180025/25s" ref="cam" offset="3600/1s"><adjust-conform type="fit"/><adjust-transform anchor="0 0" position="0 0" scale="1 1"/></asset-clip>',
        "",
        'duration="50/25s" tcStart="3600/1s" tcFormat="NDF"',
      ),
    );
    expect(cuts(timeline, "V1")).toEqual([["A", 0, 2, 1]]);
  });

  it("media of another rate are played frame for frame, unless the file says otherwise", () => {
    expect(named(conform('srcFrameRate="29.97"'), "A").parameters).toMatchObject({
      speed: expect.closeTo(25 / (30_000 / 1001), 9) as number,
    });
    expect(named(conform('scaleEnabled="0" srcFrameRate="60"'), "A").parameters).toEqual({});
  });

  it("a format of Final Cut's own is known by its name", () => {
    const { timeline } = read(
      document("", '<format id="own" name="FFVideoFormat720p5994"/>').replace(
        'format="r1" tcStart',
        'format="own" tcStart',
      ),
    );
    expect(timeline.settings).toMatchObject({ rate: FRAME_RATES["59.94"], width: 1280, height: 720 });
  });
});

const caption = (words: string, at: string) =>
  `<caption lane="1" offset="${at}" name="${words}" start="3600s" duration="1s" role="SRT?captionFormat=SRT.en"><text placement="bottom"><text-style ref="c">${words}</text-style></text><text-style-def id="c"><text-style fontSize="13"/></text-style-def></caption>`;

describe("what hangs on clips", () => {
  it("markers stand where they are seen, by their kind; those that a clip does not show are left out", () => {
    const { timeline } = read(
      document(
        `<asset-clip ref="cam" offset="0s" name="A" start="7202s" duration="4s"><asset-clip ref="cam" lane="1" offset="7203s" name="B" start="7200s" duration="2s"><marker start="7201s" duration="1/25s" value="on B"/></asset-clip><marker start="7204s" duration="1/25s" value="plain" note="n"/><marker start="7205s" value="to do" completed="0"/><marker start="7206s" value="done" completed="1"/><chapter-marker start="7202s" value="chapter" posterOffset="11/25s"/><marker start="7201s" value="before"/><marker start="7209s" value="after"/></asset-clip>`,
      ),
    );
    expect(markers(timeline)).toEqual([
      ["chapter", 0, "orange"],
      ["plain", 2, "blue"],
      ["to do", 3, "red"],
      ["done", 4, "green"],
    ]);
    expect(timeline.markers[1]).toMatchObject({ comment: "n", markedRange: { duration: 0 } });
    expect(
      [...clipsOf(timeline)].find(({ name, markers }) => name === "B" && markers.length > 0)!.markers,
    ).toMatchObject([{ name: "on B", markedRange: { start: FLICKS_PER_SECOND } }]);
  });

  it("titles begin at an hour of their own; captions look like subtitles, each language on a track", () => {
    const { timeline, notes } = read(
      document(
        title(
          "Red",
          'offset="0s" name="T" start="3600s" duration="6s"',
          `${caption("one", "3601s")}${caption("eins", "3601s")}${caption("two", "3602s")}<marker start="3603s" value="m"/>`,
        ),
      ),
    );
    expect(markers(timeline)).toEqual([["m", 3, "blue"]]);
    expect(named(timeline, "T").content).toMatchObject({
      type: "text",
      style: { text: "Red", size: 0.1, colour: "#ff0000" },
    });
    expect(named(timeline, "one").content).toMatchObject({ style: { text: "one", box: { colour: "#000000a0" } } });
    expect(named(timeline, "one").parameters).toEqual(named(timeline, "two").parameters);
    expect(timeline.tracks.map(({ kind, children }) => [kind, children.length])).toEqual([
      ["text", 1],
      ["text", 3],
      ["text", 2],
    ]);
    expect(notes).toEqual([]);
  });

  it("storylines in lanes, and what hangs on what hangs there", () => {
    const { timeline } = read(
      document(
        `<gap name="Gap" offset="0s" start="3600s" duration="9s"><spine lane="1" offset="3601s"><gap offset="0s" start="3600s" duration="2s"/><asset-clip ref="cam" offset="2s" name="B" start="7200s" duration="3s">${title("over", 'lane="1" offset="7201s" name="T" start="3600s" duration="1s"')}</asset-clip></spine><asset-clip ref="song" lane="-1" offset="3600s" name="S" duration="9s"/></gap>`,
      ),
    );
    expect(cuts(timeline, "V1")).toEqual([["B", 3, 3, 0]]);
    expect(cuts(timeline, "T1")).toEqual([["T", 4, 1, 0]]);
    expect(cuts(timeline, "A1").concat(cuts(timeline, "A2"))).toEqual(
      expect.arrayContaining([
        ["S", 0, 9, 0],
        ["B", 3, 3, 0],
      ]),
    );
  });

  it("volumes down to silence, fades; what moves or looks different is named", () => {
    const { timeline, notes } = read(
      document(
        '<asset-clip ref="song" offset="0s" name="S" duration="8s"><adjust-volume amount="-96dB"><param name="amount"><fadeIn type="easeIn" duration="1s"/><fadeOut duration="2s"/></param></adjust-volume></asset-clip><asset-clip ref="cam" offset="8s" name="A" start="7200s" duration="2s"><adjust-transform scale="2 2"/><adjust-volume amount="3dB"><param name="amount"><keyframeAnimation><keyframe time="0s" value="-3dB"/></keyframeAnimation></param></adjust-volume></asset-clip>',
      ),
    );
    expect(named(timeline, "S")).toMatchObject({
      parameters: { volume: -60 },
      fadeIn: FLICKS_PER_SECOND,
      fadeOut: 2 * FLICKS_PER_SECOND,
    });
    expect(notes).toEqual([
      "The moving volume of “A” was left out.",
      "Looks and effects of a clip (position, crop, opacity, filters) were left out.",
    ]);
  });
});

describe("clips that hold clips", () => {
  const COMPOUND = `<media id="comp" name="Inside"><sequence format="r1" duration="6s" tcStart="600s"><spine><asset-clip ref="cam" offset="600s" name="I1" start="7201s" duration="3s"><asset-clip ref="song" lane="-1" offset="7201s" name="I2" duration="6s"/></asset-clip><asset-clip ref="cam" offset="603s" name="I3" start="7206s" duration="3s"/></spine></sequence></media>`;

  it("compound ones are opened where they stand; the project is what is read, not they", () => {
    const { timeline, notes } = read(
      document(
        '<ref-clip ref="comp" offset="0s" name="C" start="602s" duration="3s"><adjust-volume amount="-6dB"/><marker start="603s" value="m"/></ref-clip><asset-clip ref="cam" offset="3s" name="A" start="7200s" duration="1s"/>',
        COMPOUND,
      ),
    );
    expect(timeline.name).toBe("Cut");
    expect(cuts(timeline, "V1")).toEqual([
      ["I1", 0, 1, 3],
      ["I3", 1, 2, 6],
      ["A", 3, 1, 0],
    ]);
    expect(named(timeline, "I2").sourceRange).toEqual({
      start: 2 * FLICKS_PER_SECOND,
      duration: 3 * FLICKS_PER_SECOND,
    });
    // A clip's picture has no volume.
    const volumes = ["I1", "I2"].map((name) => [...clipsOf(timeline)].filter((clip) => clip.name === name));
    expect(volumes.map((clips) => clips.map(({ parameters }) => parameters))).toEqual([
      [{ volume: -6 }, {}],
      [{ volume: -6 }],
    ]);
    expect(markers(timeline)).toEqual([["m", 1, "blue"]]);
    expect(notes).toEqual([]);
  });

  it("synchronised ones and clips of several channels: one picture, each sound once, linked", () => {
    const { timeline } = read(
      document(
        '<sync-clip offset="0s" name="Sync" start="7202s" duration="2s"><clip offset="7200s" name="Shot" start="7200s" duration="10s"><video ref="cam" offset="7200s" start="7200s" duration="10s"><audio ref="cam" lane="-1" offset="7200s" start="7200s" duration="10s" srcCh="1"/><audio ref="cam" lane="-2" offset="7200s" start="7200s" duration="10s" srcCh="2"/></video><asset-clip ref="song" lane="-1" offset="7200s" name="Rec" start="20s" duration="10s"/></clip><asset-clip ref="song" lane="-2" offset="7201s" name="Bang" duration="5s"/><sync-source sourceID="storyline"/></sync-clip>',
      ),
    );
    expect(timeline.tracks.map(({ kind }) => kind)).toEqual(["audio", "audio", "audio", "video"]);
    expect(cuts(timeline, "V1")).toEqual([["cam", 0, 2, 2]]);
    const pair = [...clipsOf(timeline)].filter(({ name }) => name === "cam");
    expect(pair).toHaveLength(2);
    expect(pair[0]!.link).toBe(pair[1]!.link);
    expect(named(timeline, "Rec")).toMatchObject({
      link: null,
      sourceRange: { start: 22 * FLICKS_PER_SECOND, duration: 2 * FLICKS_PER_SECOND },
    });
    // What is connected to it from outside is as long as it is; before the timeline's beginning there is nothing.
    expect(named(timeline, "Bang").sourceRange).toEqual({ start: FLICKS_PER_SECOND, duration: 4 * FLICKS_PER_SECOND });
  });

  it("multicam ones show the angle that is chosen and let hear the one that is", () => {
    const angles = `<media id="multi"><multicam format="r1" tcStart="0s"><mc-angle name="a" angleID="a"><asset-clip ref="cam" offset="0s" name="angle a" start="7200s" duration="9s"/></mc-angle><mc-angle name="b" angleID="b"><gap offset="0s" duration="1s"/><asset-clip ref="cam" offset="1s" name="angle b" start="7200s" duration="9s"/></mc-angle></multicam></media>`;
    const chosen = (sources: string) =>
      [
        ...clipsOf(
          read(
            document(`<mc-clip ref="multi" offset="0s" name="M" start="2s" duration="3s">${sources}</mc-clip>`, angles),
          ).timeline,
        ),
      ].map(({ name, sourceRange }) => [name, sourceRange.start / FLICKS_PER_SECOND]);
    expect(chosen('<mc-source angleID="b" srcEnable="video"/><mc-source angleID="a" srcEnable="audio"/>')).toEqual([
      ["angle a", 2],
      ["angle b", 1],
    ]);
    expect(chosen('<mc-source angleID="b" srcEnable="all"/>')).toEqual([
      ["angle b", 1],
      ["angle b", 1],
    ]);
    expect(chosen("")).toHaveLength(2);
  });

  it("auditions show their first; generators and what is unknown leave their place empty and are named", () => {
    const { timeline, notes } = read(
      document(
        `<audition offset="0s">${title("one", 'name="T1" start="3600s" duration="2s"')}${title("two", 'name="T2" start="3600s" duration="3s"')}</audition><video ref="fx" name="Clouds" start="3600s" duration="1s"/><hologram name="H" duration="1s"/><ref-clip ref="none" name="Lost" duration="1s"/><asset-clip ref="cam" name="A" start="7200s" duration="1s"/>`,
      ),
    );
    expect(cuts(timeline, "T1")).toEqual([["T1", 0, 2, 0]]);
    expect(cuts(timeline, "V1")).toEqual([["A", 5, 1, 0]]);
    expect(notes).toEqual([
      "The generator “Clouds” was left out.",
      "The hologram “H” was left out.",
      "“Lost” names no media and was left out.",
    ]);
  });

  it("one that holds itself does not go on for ever", () => {
    const own =
      '<media id="self"><sequence format="r1" tcStart="0s"><spine><ref-clip ref="self" name="again" duration="9s"/></spine></sequence></media>';
    expect(read(document('<ref-clip ref="self" name="again" duration="9s"/>', own)).notes).toEqual([
      "“again” holds too many clips within clips.",
    ]);
  });
});

const change = (at: string, name = "Cross Dissolve") => `<transition name="${name}" offset="${at}" duration="1s"/>`;

describe("transitions", () => {
  it("at the beginning, between and at the end; sound goes with its picture", () => {
    const shots = ["A", "B"].map(
      (name, n) => `<asset-clip ref="cam" offset="${4 * n}s" name="${name}" start="7203s" duration="4s"/>`,
    );
    const { timeline, notes } = read(
      document(`${change("0s")}${shots[0]}${change("7/2s", "Audio Crossfade")}${shots[1]}${change("7s", "Star")}`),
    );
    const half = FLICKS_PER_SECOND / 2;
    for (const track of timeline.tracks)
      expect(
        track.children.flatMap((each) => (each.kind === "transition" ? [[each.inOffset, each.outOffset]] : [])),
      ).toEqual([
        [0, 2 * half],
        [half, half],
        [2 * half, 0],
      ]);
    expect(notes).toEqual(["The transition “Star” became a dissolve."]);
  });
});

const refusal = (text: string): string => {
  try {
    readFcpxml(text);
  } catch (error) {
    expect(error).toBeInstanceOf(ExchangeError);
    return (error as Error).message;
  }
  return "";
};

it("what is none is refused with a sentence that says what to ask for", () => {
  expect(refusal('<xmeml version="5"><sequence><name>a</name></sequence></xmeml>')).toMatch(/Final Cut Pro 7.*FCPXML/);
  const clipOnly = `<fcpxml version="1.11"><resources>${FORMAT}${CAMERA}</resources><asset-clip ref="cam" duration="10s"/></fcpxml>`;
  expect(refusal(clipOnly)).toMatch(/export a project/);
  const { notes } = read(
    document("").replace("</event>", '<project name="Two"><sequence format="r1"><spine/></sequence></project></event>'),
  );
  expect(notes).toEqual(["The file holds 2 projects; the first of them was opened."]);
});
