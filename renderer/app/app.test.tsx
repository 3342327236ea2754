// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StudioContext } from "../state/context.ts";
import { createStudio } from "../state/create-studio.ts";
import { clip, job, model, quietQueue } from "../../core/testing/samples.ts";
import { fakeClient, fakeStorage } from "../testing/fake-client.ts";
import { App } from "./App.tsx";
import { commands } from "../commands/index.ts";
import { panelKeys } from "../commands/create.ts";

let close = () => {};
afterEach(() => {
  cleanup();
  close();
});
beforeEach(() => {
  // No server stands behind these tests: previews and clips cannot be read.
  vi.stubGlobal("fetch", async () => new Response(null, { status: 404 }));
  document.body.innerHTML = "";
});

async function open(answers: Parameters<typeof fakeClient>[0] = {}) {
  const fake = fakeClient(answers);
  const { studio, stop } = createStudio(fake.client, fakeStorage());
  const { store } = studio;
  close = stop;
  render(
    <StudioContext value={studio}>
      <App />
    </StudioContext>,
  );
  const tell = (event: Parameters<typeof fake.tell>[0]) => act(async () => fake.tell(event));
  await tell({ type: "hello", jobs: [], models: [model], queue: quietQueue });
  return { ...fake, tell, store, prompt: screen.getByLabelText("Describe the clip") };
}

test("an empty studio says what its model knows, and an example fills the prompt", async () => {
  const { prompt, store } = await open();
  expect(screen.getByText("Write a sentence, or drop a picture and a sound.")).toBeTruthy();
  fireEvent.click(screen.getByText("red rain"));
  expect(store.getState().draft.prompt).toBe("red rain");
  expect(document.activeElement).toBe(prompt);
});

test("Enter queues, Shift+Enter and a composing input method do not", async () => {
  const { prompt, calls } = await open({ "jobs.generate": () => [job("a")] });
  fireEvent.change(prompt, { target: { value: "snow" } });
  fireEvent.keyDown(prompt, { key: "Enter", shiftKey: true });
  fireEvent.keyDown(prompt, { key: "Enter", isComposing: true });
  expect(calls.some(({ method }) => method === "jobs.generate")).toBe(false);
  await act(async () => fireEvent.keyDown(prompt, { key: "Enter" }));
  expect(calls.findLast(({ method }) => method.startsWith("jobs."))).toMatchObject({
    method: "jobs.generate",
    input: { request: { prompt: "snow" } },
  });
});

test("an empty prompt is answered beside the box, and told to assistive technology", async () => {
  const { prompt } = await open();
  await act(async () => fireEvent.click(screen.getByText("Generate")));
  expect(prompt.getAttribute("aria-invalid")).toBe("true");
  const message = document.getElementById(prompt.getAttribute("aria-describedby") ?? "");
  expect(message?.textContent).toContain("Write a sentence");
});

test("a request that waits for the first model says so, and the wait ends", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const { prompt, tell, store } = await open({ "jobs.generate": () => promise });
  await tell({ type: "models", models: [] });
  fireEvent.change(prompt, { target: { value: "snow" } });
  await act(async () => fireEvent.keyDown(prompt, { key: "Enter" }));
  expect(screen.getByText("Your prompt is next, as soon as the model is ready.")).toBeTruthy();
  await act(async () => resolve([job("a")]));
  expect(store.getState().sending).toBe(0);
});

test("a failed job says why in its tile and offers Retry and Edit", async () => {
  const { tell, calls, prompt } = await open({ "jobs.retry": () => job("n") });
  const error = { code: "ENGINE_CRASHED" as const, message: "The engine stopped: try again." };
  await tell({ type: "job", job: job("a", { state: "failed", error }) });
  expect(screen.getAllByText("The engine stopped: try again.").length).toBeGreaterThan(0);
  fireEvent.click(screen.getAllByText("Edit").at(-1)!);
  expect(document.activeElement).toBe(prompt);
  await act(async () => fireEvent.click(screen.getByText("Retry")));
  expect(calls.map(({ method }) => method)).toContain("jobs.retry");
});

test("a running job shows its step and its time in the tile and in the strip", async () => {
  const { tell } = await open();
  const progress = { phase: "denoise" as const, done: 3, total: 8, fraction: 0.3, etaMs: 21_000 };
  const preview = { step: 3, width: 8, height: 8, frames: 4 };
  await tell({ type: "job", job: job("a", { state: "running", progress, preview }) });
  expect(screen.getAllByText("Step 3 of 8")).toHaveLength(2);
  expect(screen.getAllByText("about 25 s left")).toHaveLength(2);
  expect(screen.getAllByRole("progressbar")).toHaveLength(2);
});

test("letters act on the selected clip, but never while typing", async () => {
  const { tell, calls, prompt, store } = await open({ "jobs.generate": () => [job("n")] });
  await tell({ type: "library", clips: [clip("c")] });
  // The planner is asked now and then, whenever the settings have rested.
  const last = () => calls.findLast(({ method }) => method !== "planner.plan");
  await act(async () => store.setState({ selected: "clip:c" }));
  fireEvent.keyDown(prompt, { code: "KeyR", key: "r" });
  fireEvent.keyDown(prompt, { code: "Delete", key: "Delete" });
  expect(calls.map(({ method }) => method)).not.toContain("jobs.generate");
  await act(async () => fireEvent.keyDown(document.body, { code: "KeyR", key: "r" }));
  expect(last()).toMatchObject({ method: "jobs.generate", input: { request: { seed: 7 } } });
  await act(async () => store.setState({ selected: "clip:c" }));
  await act(async () => fireEvent.keyDown(document.body, { code: "Delete", key: "Delete" }));
  expect(last()).toEqual({ method: "library.trash", input: { id: "c" } });
  await act(async () => fireEvent.keyDown(document.body, { code: "KeyZ", key: "z", ctrlKey: true }));
  expect(last()).toEqual({ method: "library.restore", input: { id: "c" } });
});

test("right-to-left and very long prompts keep their direction and their place", async () => {
  const { tell } = await open();
  const prompt = "فقاعات زرقاء 🫧 ".repeat(200);
  await tell({ type: "library", clips: [clip("c", { prompt })] });
  const caption = document.querySelector(".tile__prompt");
  expect(caption?.getAttribute("dir")).toBe("auto");
  expect(caption?.textContent).toBe(prompt);
});

test("the sheet lists every shortcut once", async () => {
  await open();
  await act(async () => fireEvent.keyDown(document.body, { code: "Slash", key: "?", shiftKey: true }));
  const titles = commands.filter(({ scope }) => scope !== "edit").map(({ title }) => title);
  for (const does of [...titles, ...panelKeys.map((keys) => keys.does)])
    expect(screen.getAllByText(does), does).toHaveLength(1);
});

test("a lost studio is told, and the window stays", async () => {
  const { store } = await open();
  await act(async () => store.setState({ connection: "ended" }));
  expect(screen.getByRole("alert").textContent).toContain("was closed");
});
