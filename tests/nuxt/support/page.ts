/** The example's page, as its tests look at it. */
import assert from "node:assert/strict";

import type { Locator, Page } from "playwright-core";

import { eventually } from "../../node/support/world.ts";

/** The example's migrations. Its rows are made by one of them. */
export const MIGRATIONS = "examples/nuxt/drizzle";
/** How many rows of the table that is shown. */
export const SEEDED = 7;

/** Chromium says this of every answer with an error status; a 409 is how Electric says that a shape is gone. */
export const LOST_SHAPE = /Failed to load resource: the server responded with a status of 409/;

/** The part of that name. */
export const part = (page: Page, name: string): Locator => page.locator(`[data-testid="${name}"]`);
/** The rows that are on the screen. */
export const rowsOf = (page: Page): Locator => part(page, "tasks").locator("tbody tr");
/** The columns that are. */
export const columnsOf = (page: Page): Promise<string[]> => part(page, "tasks").locator("thead th").allTextContents();
/** Where the banner speaks. */
export const regionOf = (page: Page): Locator => page.locator("electric-migration-banner").getByRole("status");

/** Waits until the page is up to date and shows so many rows. */
export async function ready(page: Page, rows = SEEDED): Promise<void> {
  await eventually(async () => {
    assert.equal(await part(page, "status").textContent(), "ready");
    assert.equal(await rowsOf(page).count(), rows);
  }, 60_000);
}

/** A person comes back to the window. */
export const look = (page: Page): Promise<boolean> => page.evaluate(() => window.dispatchEvent(new Event("focus")));

/** Draws the page for docs/, where that is asked for: `SCREENSHOT=docs/nuxt.png npm run test:nuxt`. */
export async function pictured(page: Page, asked: "SCREENSHOT" | "SCREENSHOT_DEVTOOLS", size: { width: number; height: number }): Promise<void> {
  const path = process.env[asked];
  if (path === undefined) return;
  await page.setViewportSize(size);
  await page.screenshot({ path });
}
