import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{core,main,native-models,renderer,test,scripts}/**/*.test.{ts,tsx}"],
    environment: "node",
    pool: "forks",
    maxWorkers: 2,
    // Model graphs are built and run for real; a loaded two-core machine needs the room.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // On a shared machine a real browser is late now and then; what fails twice is a defect.
    retry: process.env["CI"] ? 2 : 0,
  },
});
