/**
 * Makes a proxy of a film that never ends, as the studio does: `node proxy-child.ts FILE`. Prints one line when ffmpeg has told of its
 * first pictures, then waits to be killed.
 */
import { FRAME_RATES } from "../../core/time/index.ts";
import { locateFfmpeg } from "../../main/media/index.ts";
import { makeFilmProxy } from "../../main/media/make-proxy.ts";

const plain = { alpha: false, decoder: null, hdr: null, isInterlaced: false, matrix: "" };
let told = false;
await makeFilmProxy(
  await locateFfmpeg(),
  {
    ...plain,
    input: ["-re", "-f", "lavfi", "testsrc2=s=320x180:r=25"],
    seconds: 3600,
    framesPerSecond: 25,
    rate: FRAME_RATES["25"],
    audio: false,
    width: 320,
    height: 180,
  },
  process.argv[2]!,
  () => {
    if (!told) console.log("it works");
    told = true;
  },
);
