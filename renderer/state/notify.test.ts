import { expect, test } from "vitest";
import { job, quietQueue } from "../../core/testing/samples.ts";
import { fakeStorage } from "../testing/fake-client.ts";
import { type Notices, WorkNotices } from "./notify.ts";

function open(answer: NotificationPermission, isWatched = () => false) {
  const shown: string[] = [];
  const notices: Notices & { permission: NotificationPermission } = {
    permission: "default",
    requestPermission: () => Promise.resolve((notices.permission = answer)),
    show: (title: string, body: string) => void shown.push(`${title}: ${body}`),
  };
  const work = new WorkNotices(notices, fakeStorage(), isWatched);
  const run = (id: string): void => {
    work.hear({ type: "hello", jobs: [job(id)], models: [], queue: quietQueue });
    work.hear({ type: "job", job: job(id, { state: "running" }) });
    work.hear({
      type: "job",
      job: job(id, { state: "failed", error: { code: "ENGINE_CRASHED", message: "It stopped." } }),
    });
  };
  return { work, shown, run };
}

test("work that ends is told once the user wants it, and while nobody looks", async () => {
  const { work, shown, run } = open("granted");
  run("a");
  expect([work.state, shown]).toEqual(["off", []]);
  await work.toggle();
  run("b");
  work.hear({ type: "queue", queue: { ...quietQueue, hold: { by: "deaths", message: "Three times." } } });
  work.hear({ type: "queue", queue: { ...quietQueue, hold: { by: "deaths", message: "Three times." } } });
  expect(work.state).toBe("on");
  expect(shown).toEqual(["Clip could not be made: It stopped.", "The queue has stopped: Three times."]);
  await work.toggle();
  run("c");
  expect([work.state, shown.length]).toEqual(["off", 2]);
});

test("nothing is told to a user who looks, or whose browser does not allow it", async () => {
  const watched = open("granted", () => true);
  await watched.work.toggle();
  watched.run("a");
  expect(watched.shown).toEqual([]);
  const denied = open("denied");
  await denied.work.toggle();
  denied.run("a");
  expect([denied.work.state, denied.shown]).toEqual(["denied", []]);
  expect(new WorkNotices(null, fakeStorage(), () => false).state).toBeNull();
});
