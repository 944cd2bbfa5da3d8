/** An app of Nuxt's while it is written: the example in Nuxt's development server, opened in a real browser. */
import assert from "node:assert/strict";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import type { Frame, Page } from "playwright-core";

import { launchBrowser } from "../e2e/support/browser.ts";
import { watching } from "../e2e/support/watching.ts";
import type { WatchedWindow } from "../e2e/support/watching.ts";
import { eventually, serve } from "../node/support/world.ts";
import { given, startDev } from "./support/app.ts";
import { columnsOf, LOST_SHAPE, look, MIGRATIONS, part, pictured, ready, SEEDED } from "./support/page.ts";

/** What Nuxt DevTools leaves in the app's window. */
interface DevtoolsWindow {
  __NUXT_DEVTOOLS_HOST__: { devtools: { open: () => void; navigate: (path: string) => void } };
}
declare const window: DevtoolsWindow & WatchedWindow & typeof globalThis.window;

/** The example in development, open in a tab and up to date. */
async function opened(t: TestContext, { startAt, tolerated = [] }: { startAt: number; tolerated?: RegExp[] }) {
  const browser = await launchBrowser(t, { tolerated: [LOST_SHAPE, ...tolerated] });
  const demo = await serve(t, { migrations: MIGRATIONS, seed: "", startAt, noticeMs: 200 });
  const app = await startDev(t, given("EXAMPLE_APP"), { ELECTRIC_URL: demo.url });
  const page = await browser.open(app.url);
  await ready(page);
  return { browser, demo, app, page };
}

/** Which tables the page of the replica's own shows, once it has found the app's. */
async function tablesOf(tools: Page | Frame): Promise<(string | null)[]> {
  const rows = tools.locator("[data-table]");
  await rows.first().waitFor({ timeout: 60_000 });
  return rows.evaluateAll((found) => found.map((row) => row.getAttribute("data-table")));
}

/** Writes the newest migration into the app's folder, as drizzle-kit does. */
const generate = (): void => cpSync(MIGRATIONS, join(given("EXAMPLE_APP"), "drizzle"), { recursive: true });

test("in development a page follows a migration that was just written, and is not loaded anew", async (t) => {
  const { browser, demo, app, page } = await opened(t, { startAt: 1 });
  const tools = await browser.open(`${app.url}/__electric-replica`);
  assert.deepEqual(await tablesOf(tools), ["projects", "tasks"]);
  assert.deepEqual(await columnsOf(page), ["title", "state", "created at"]);
  await watching(page, '[data-testid="tasks"] tbody tr');

  generate();
  await demo.deploy();

  await eventually(async () => {
    await look(page);
    assert.deepEqual(await columnsOf(page), ["title", "state", "created at", "priority"]);
  }, 60_000);
  // A page that was loaded anew would have nothing written down.
  assert.equal(await page.evaluate(() => window.fewest), SEEDED);
  await eventually(async () => assert.equal(await part(tools, "replica-version").textContent(), demo.newest.tag), 60_000);
  assert.deepEqual(browser.complaints, []);
});

test("Nuxt DevTools shows the replica of the page that it belongs to", async (t) => {
  generate();
  // Else it asks on the terminal whether the browser may read files.
  writeFileSync(join(given("EXAMPLE_APP"), ".nuxtrc"), "devtools.disableAuthorization=true\n");
  // It takes its own icons from the web.
  const { page } = await opened(t, { startAt: 2, tolerated: [/net::ERR_NAME_NOT_RESOLVED/, /carbon\/icons\.json/] });
  const client = await eventually(async () => {
    await page.evaluate(() => window.__NUXT_DEVTOOLS_HOST__.devtools.open());
    return found(page, "/__nuxt_devtools__/client");
  }, 60_000);
  await client.getByText("Get Started").click();
  const tools = await eventually(async () => {
    await page.evaluate(() => window.__NUXT_DEVTOOLS_HOST__.devtools.navigate("/modules/custom-electric-replica"));
    return found(page, "/__electric-replica/");
  }, 60_000);
  assert.deepEqual(await tablesOf(tools), ["projects", "tasks"]);
  await pictured(page, "SCREENSHOT_DEVTOOLS", { width: 1280, height: 900 });
});

/** The frame of that address. */
function found(page: Page, path: string): Frame {
  const frame = page.frames().find((frame) => frame.url().includes(path));
  assert.ok(frame, `there is no frame of ${path}`);
  return frame;
}
