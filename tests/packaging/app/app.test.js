/** The app where Vitest is the consumer: the same migration as on a page, deployed by the test itself. */
import { expect, test } from "vitest";

import { startApp } from "./app.js";

/** In a browser, Vitest's own server passes the paths below `/api` on. */
const server = typeof document === "undefined" ? import.meta.env.VITE_SERVER : "";

/** Milliseconds: a busy machine takes more than Vitest's own. */
const patience = { timeout: 120_000 };

test("the replica follows a migration while its rows stay in sight", patience, async () => {
  const app = await startApp(`${server}/api/electric`, () => undefined);
  expect(app.columns()).not.toContain("description");
  const before = app.reads();

  await fetch(`${server}/api/deploy`, { method: "POST" });
  expect(await app.manager.checkAndMigrate()).toBe(true);

  await expect.poll(() => app.columns(), patience).toContain("description");
  await expect.poll(() => app.reads() - before, patience).toBeGreaterThan(20);
  expect(app.bad).toEqual([]);
  expect(app.events).toEqual(["migration:start", "migration:complete", "migration:start", "migration:complete"]);
  await app.end();
});
