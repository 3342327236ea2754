/** What a clip would take, wherever one is asked for; devices and memory; controls that are off say why. Real studio, fake engine and devices. */
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import {
  accessibilityProblems,
  dropBytes,
  launchBrowser,
  openWindow,
  removeFolder,
  startApp,
  temporaryFolder,
} from "./harness.ts";

const entry = resolve(import.meta.dirname, "../../main/shell-browser/testing/main-animation.ts");
/** A busy computer may take its time. */
const patience = { timeout: 120_000 };
const devices = { cpu: { speed: 50e9 }, webgpu: { speed: 200e9 }, cuda: { speed: "refuse", bundled: false } };
const ffmpeg = (...args: string[]) => execFileSync("ffmpeg", ["-v", "error", "-y", ...args]);

test("the estimate stands in Create, Animate and the timeline's sheet, follows device and memory, and is obeyed", {
  timeout: 600_000,
}, async () => {
  const folder = await temporaryFolder();
  const [app, browser] = await Promise.all([
    startApp(entry, {
      PLUME_HOME: join(folder, "data"),
      PLUME_OUTPUT: join(folder, "clips"),
      PLUME_FAKE_DEVICES: JSON.stringify(devices),
    }),
    launchBrowser(),
  ]);
  try {
    const { page, context, offences } = await openWindow(browser, app.url);
    const shot = async (name: string): Promise<void> => {
      const to = process.env["PLUME_SCREENSHOTS"];
      if (to !== undefined) await page.screenshot({ path: join(to, `${name}.png`) });
    };
    await page
      .locator(".dock .plan")
      .getByText(/of memory · fits/)
      .waitFor(patience);

    // The chip says what clips are made with; what cannot be chosen says why.
    await page.getByTitle(/press to choose with what/).click();
    const panel = page.getByRole("dialog", { name: "What clips are made with" });
    await panel.getByText(/Its libraries are not part of this installation/).waitFor(patience);
    const cuda = panel.getByRole("radio", { name: /CUDA/ });
    expect(await cuda.isDisabled()).toBe(true);
    expect(await cuda.getAttribute("aria-description")).toMatch(/libraries/);
    await panel.getByText(/Media are looked at on the processor/).waitFor(patience);
    expect(await accessibilityProblems(page)).toEqual([]);
    await shot("computer");
    await panel.locator("label", { hasText: "Graphics, WebGPU" }).click();
    await page
      .locator(".dock .plan")
      .getByText(/on graphics \(WebGPU\)/)
      .waitFor(patience);
    await panel.locator("label", { hasText: /^Processor/ }).click();
    await expect.poll(() => page.locator(".dock .plan").textContent(), patience).not.toMatch(/WebGPU/);

    // A gigabyte: a large clip is refused, with what would fit one press away.
    await panel.getByRole("spinbutton", { name: /Memory/ }).fill("1");
    await page.keyboard.press("Enter");
    await panel.getByRole("button", { name: /^As usual/ }).waitFor(patience);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Size/ }).click();
    for (const name of ["Width", "Height"]) {
      await page.getByRole("spinbutton", { name }).fill("512");
      await page.keyboard.press("Enter");
    }
    await page.keyboard.press("Escape");
    await page
      .locator(".dock .plan--problem")
      .getByText(/raise that limit, or make it smaller/)
      .waitFor(patience);
    await shot("refused");
    await page.fill("#prompt", "too large");
    await page.press("#prompt", "Enter");
    const failed = page.locator('[data-tile][data-state="failed"]');
    await failed.getByText(/models may use 1.0 GB/).waitFor(patience);
    await page.getByRole("button", { name: /^Use \d+×\d+/ }).click();
    await page
      .locator(".dock .plan")
      .getByText(/of memory · fits/)
      .waitFor(patience);

    // Animate says the same of its clip.
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=320x200:rate=1", "-frames:v", "1", join(folder, "logo.png"));
    ffmpeg("-f", "lavfi", "-i", "sine=frequency=300:duration=2", join(folder, "tone.wav"));
    await dropBytes(page, join(folder, "logo.png"), ".workspace");
    await page.waitForSelector('[data-kind="picture"]', patience);
    await dropBytes(page, join(folder, "tone.wav"), '[data-kind="picture"]');
    await page
      .locator(".animate__foot .plan")
      .getByText(/of memory/)
      .waitFor(patience);
    await shot("animate");
    const beats = page.getByRole("button", { name: "Lock to beats" });
    await expect.poll(() => beats.getAttribute("title"), patience).toMatch(/No beats were found/);
    await beats.press("Enter");
    expect(await page.locator('.diamond[data-fixed="true"]').count()).toBeLessThan(2);
    await page.keyboard.press("Escape");

    // And the timeline's own sheet.
    await page.locator(".title-bar__tab", { hasText: "Edit" }).click();
    await page
      .getByRole("region", { name: /Timeline/ })
      .first()
      .waitFor(patience);
    await page.keyboard.press("g");
    const sheet = page.getByRole("dialog", { name: "Generate here" });
    await sheet
      .locator(".plan")
      .getByText(/of memory/)
      .waitFor(patience);
    await shot("generate");
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await context.close();
    expect(offences).toEqual([]);
  } finally {
    await browser.close();
    await app.stop();
    await removeFolder(folder);
  }
});
