import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MaskPictures, paintFrame } from "../../core/paint/index.ts";
import type { FramePlan } from "../../core/render-plan/index.ts";
import { nodeHost, nodePicture, nodeSurface } from "../../main/paint/node-host.ts";
import { launchBrowser } from "../e2e/harness.ts";
import { HEIGHT, paintCases, sampleMasks, samplePicture, WIDTH } from "./cases.ts";
import { colourDifference, lumaDifference, type Pixels, ssim } from "./ssim.ts";

/** The promise of the product: what is seen in the viewer is what is exported. */
const ALIKE = 0.98;
/** Set to a folder's name to look at the pictures of both sides. */
const KEEP = process.env["PLUME_PAINT_PICTURES"];

function inNode(plan: FramePlan): Pixels {
  const target = nodeSurface(WIDTH, HEIGHT);
  const host = nodeHost((media, time) => {
    const { rgba, width, height } = samplePicture(media, time);
    return nodePicture(rgba, width, height);
  }, new MaskPictures(sampleMasks, nodePicture).mask);
  paintFrame(plan, target.context, host, WIDTH, HEIGHT);
  return { rgba: target.pixels(), width: WIDTH, height: HEIGHT };
}

async function pageScript(): Promise<string> {
  const entry = fileURLToPath(new URL("./page.ts", import.meta.url));
  const result = await build({
    configFile: false,
    logLevel: "error",
    build: { write: false, minify: false, lib: { entry, formats: ["iife"], name: "page", fileName: "page" } },
  });
  const [bundle] = result as { output: { type: string; code?: string }[] }[];
  return bundle!.output.find(({ type }) => type === "chunk")!.code!;
}

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launchBrowser();
  page = await browser.newPage();
  await page.addScriptTag({ content: await pageScript() });
  const require = createRequire(import.meta.url);
  for (const [pack, family, styles] of [
    ["inter", "Inter", ["normal", "italic"]],
    ["jetbrains-mono", "JetBrains Mono", ["normal"]],
  ] as const)
    for (const style of styles) {
      const folder = join(dirname(require.resolve(`@fontsource-variable/${pack}/package.json`)), "files");
      const font = (await readFile(join(folder, `${pack}-latin-wght-${style}.woff2`))).toString("base64");
      await page.evaluate(
        async ([name, fontStyle, base64]) =>
          (globalThis as never as { paintPage: { loadFont(...args: unknown[]): Promise<void> } }).paintPage.loadFont(
            name,
            { weight: "100 900", style: fontStyle },
            base64,
          ),
        [family, style, font] as const,
      );
    }
});
afterAll(() => browser?.close());

async function inChromium(plan: FramePlan): Promise<Pixels> {
  const base64 = await page.evaluate(
    ([value, width, height]) =>
      (globalThis as never as { paintPage: { paint(...args: unknown[]): Promise<string> } }).paintPage.paint(
        value,
        width,
        height,
      ),
    [plan, WIDTH, HEIGHT] as const,
  );
  return { rgba: Buffer.from(base64, "base64"), width: WIDTH, height: HEIGHT };
}

describe("the viewer's frame in Chromium and the exporter's in Node are one picture", () => {
  it.for(paintCases)("$name", async ({ name, plan }) => {
    const [seen, exported] = [await inChromium(plan), inNode(plan)];
    if (KEEP) await keep(name, seen, exported);
    expect(ssim(seen, exported)).toBeGreaterThanOrEqual(ALIKE);
    expect(colourDifference(seen, exported)).toBeLessThan(1.5);
    // No offset: shifted by one pixel any way they are less alike.
    for (const [dx, dy] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ] as const)
      expect(ssim(seen, exported, dx, dy)).toBeLessThan(ssim(seen, exported));
  });

  it("each case shows something of its own: no two are the same picture", () => {
    const pictures = paintCases.map(({ plan }) => inNode(plan));
    for (const [i, a] of pictures.entries())
      for (const [k, b] of pictures.entries())
        if (k > i)
          expect(lumaDifference(a, b), `${paintCases[i]!.name} and ${paintCases[k]!.name}`).toBeGreaterThan(0.2);
  });
});

/** Both sides one above the other, as a picture file. */
async function keep(name: string, seen: Pixels, exported: Pixels): Promise<void> {
  await mkdir(KEEP!, { recursive: true });
  const both = nodeSurface(WIDTH, 2 * HEIGHT);
  for (const [i, pixels] of [seen, exported].entries()) {
    const { image } = nodePicture(Uint8ClampedArray.from(pixels.rgba), WIDTH, HEIGHT);
    both.context.drawImage(image, 0, i * HEIGHT, WIDTH, HEIGHT);
  }
  await writeFile(join(KEEP!, `${name.replaceAll(/[^a-z]+/g, "-")}.png`), both.image.toBuffer("image/png"));
}
