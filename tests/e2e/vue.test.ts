/** The demo as a Vue app, in a real browser: its banner, and rows that stay on the screen through a migration. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import type { Locator, Page } from "playwright-core";

import { columnsOf, deployOnce, eventually, part, startWorld } from "./support/demo.ts";
import { watching } from "./support/watching.ts";
import type { WatchedWindow } from "./support/watching.ts";

declare const window: WatchedWindow & typeof globalThis.window;

const columnsShown = async (page: Page): Promise<string[]> => (await part(page, "rows").locator("thead th").allTextContents()).sort();
const regionOf = (page: Page): Locator => page.locator("electric-migration-banner").getByRole("status");

async function opened(t: TestContext, query = ""): Promise<{ page: Page } & Awaited<ReturnType<typeof startWorld>>> {
  const world = await startWorld(t, { noticeMs: 200 });
  const page = await world.browser.open(`${world.demo.url}/vue.html?test${query}`);
  await eventually(async () => assert.equal(await part(page, "status").textContent(), "ready"), 60_000);
  return { page, ...world };
}

test("a Vue app shows its rows through a migration, then the new column, with the banner saying so and nothing moving the focus", async (t) => {
  const { page, demo, browser } = await opened(t);
  await eventually(async () => assert.equal(await part(page, "rows").locator("tbody tr").count(), 20));
  assert.deepEqual(await columnsShown(page), await columnsOf(demo));
  const before = await columnsShown(page);
  await watching(page, '[data-testid="rows"] tbody tr');

  await deployOnce(page);
  await eventually(async () => assert.notDeepEqual(await columnsShown(page), before), 60_000);
  assert.deepEqual(await columnsShown(page), await columnsOf(demo));
  await eventually(async () => assert.equal(await regionOf(page).textContent(), "Your data is up to date."));
  const { said, fewest, focused } = await page.evaluate(() => ({ said: window.said, fewest: window.fewest, focused: (document.activeElement as HTMLElement).dataset["testid"] }));
  assert.ok(said.includes(`Updating database schema to ${demo.newest.tag}…`), said.join());
  assert.deepEqual([fewest, focused], [20, "deploy"]);

  // Not `fill`: over WebDriver BiDi it leaves in a field of numbers what was there.
  await part(page, "shown").press("Control+a");
  await page.keyboard.press("7");
  await eventually(async () => assert.equal(await part(page, "rows").locator("tbody tr").count(), 7));
  await eventually(async () => assert.equal(await regionOf(page).textContent(), ""));
  assert.deepEqual(browser.complaints, []);
});

test("the banner asks before a rebuild, keeps still once it was put off, and asks about the next version", async (t) => {
  const { page, demo } = await opened(t, "&policy=prompt");
  const before = await columnsShown(page);
  const banner = page.locator("electric-migration-banner");

  await deployOnce(page);
  await banner.getByRole("button", { name: "Later" }).click();
  assert.equal(await regionOf(page).textContent(), "");
  await deployOnce(page);
  // Nobody calls: the person comes back to the window.
  await eventually(async () => {
    await page.evaluate(() => window.dispatchEvent(new Event("focus")));
    assert.equal(await banner.getByRole("button", { name: "Update now" }).isVisible(), true);
  }, 60_000);
  await banner.getByRole("button", { name: "Update now" }).click();
  await eventually(async () => assert.deepEqual(await columnsShown(page), await columnsOf(demo)), 60_000);
  assert.notDeepEqual(await columnsShown(page), before);
});

test("the banner stands in the page's flow", async (t) => {
  const { page } = await opened(t, "&policy=prompt");
  const [gone] = await Promise.all([page.locator("electric-migration-banner").boundingBox()]);
  assert.equal(gone?.height, 0);
  await deployOnce(page);
  await page.locator("electric-migration-banner").getByRole("button", { name: "Later" }).waitFor({ timeout: 60_000 });

  const banner = await page.locator("electric-migration-banner").boundingBox();
  const title = await page.locator("h1").boundingBox();
  assert.ok(banner && title && banner.height > 0 && banner.y + banner.height <= title.y, "it covers what is below it");
});
