/** Two tabs over one PGliteWorker: one follows the server for both, and the other takes over when it ends. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { Page } from "playwright-core";

import { columnsOf, columnsShown, deployOnce, eventually, part, sameRows, startWorld, takeStory, upToDate } from "./support/demo.ts";

/** How a PGliteWorker's worker says that a query goes on over a new table: it is mounted again. */
const MOUNTED_AGAIN = /prepared statement "live_query_\w+" does not exist/;
/** What PGlite's live queries throw, caught by nobody, where they were reading while the tab that runs the database ended. */
const READER_LOST = /Leader changed, pending operation in indeterminate state/;

/** Waits until the page has been told of a rebuild and of its end. Resolves to all that it was told. */
async function toldToTheEnd(page: Page): Promise<string[]> {
  const told: string[] = [];
  await eventually(async () => {
    told.push(...(await takeStory(page)).events);
    assert.equal(told.at(-1), "complete");
  }, 60_000);
  return told;
}

test("a second tab is told of the first one's migration and reads its rows, and takes over when the first is closed", async (t) => {
  const { demo, open, asked } = await startWorld(t, {}, [MOUNTED_AGAIN, READER_LOST]);
  const first = await open("&worker");
  await upToDate(first, demo);
  const second = await open("&worker");
  await eventually(async () => assert.equal(await part(second, "row-count").textContent(), "200"), 60_000);
  await takeStory(second);
  asked.length = 0;

  await deployOnce(first);
  assert.deepEqual(await toldToTheEnd(second), ["start", "complete"]);
  await upToDate(first, demo);
  for (const page of [first, second]) {
    await sameRows(page, demo);
    await eventually(async () => assert.deepEqual(await columnsShown(page), await columnsOf(demo)), 60_000);
  }
  const loads = asked.filter((url) => url.searchParams.get("offset") === "-1").map((url) => url.searchParams.get("table"));
  assert.deepEqual([...new Set(loads)], ["data_table_columns"], "one rebuild, of what had changed");
  assert.equal(loads.length, 1);

  await part(second, "reset").click();
  await toldToTheEnd(second);
  assert.deepEqual((await takeStory(first)).events.slice(-2), ["start", "complete"], "the tab that leads did what the other was asked");

  await first.close();
  await deployOnce(second);
  await upToDate(second, demo);
  assert.deepEqual(await takeStory(second).then(({ events }) => events), ["start", "complete"]);
  await sameRows(second, demo);
  await part(second, "write").click();
  await sameRows(second, demo);
});

test("a second tab is told once of a rebuild that the first does not live to end, and ends it itself", async (t) => {
  const { demo, open } = await startWorld(t, {}, [MOUNTED_AGAIN, READER_LOST, /ERR_FAILED/]);
  const first = await open("&worker");
  await upToDate(first, demo);
  const second = await open("&worker");
  await eventually(async () => assert.equal(await part(second, "row-count").textContent(), "200"), 60_000);
  await takeStory(second);
  // The first tab's load never ends.
  await first.route(/offset=-1/, () => undefined);
  await deployOnce(first);
  await eventually(async () => assert.equal(await part(second, "banner").getAttribute("data-open"), "true"), 60_000);

  await first.close();

  assert.deepEqual(await toldToTheEnd(second), ["start", "error", "start", "complete"]);
  await upToDate(second, demo);
  await sameRows(second, demo);
});
