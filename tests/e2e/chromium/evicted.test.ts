/** What a browser evicts, each for itself: the next page ends with the server's rows, whatever is left (T7, T17). */
import assert from "node:assert/strict";
import { test } from "node:test";

import { part, replicaOf, sameRows, startWorld, takeStory, upToDate } from "../support/demo.ts";

const EVICTED = {
  "the database": "indexeddb",
  "localStorage": "local_storage",
  "the database and localStorage": "indexeddb,local_storage",
} as const;

for (const [what, storageTypes] of Object.entries(EVICTED)) {
  test(`a page whose origin has lost ${what} ends with the server's rows`, async (t) => {
    const { demo, browser, open, asked } = await startWorld(t, { noticeMs: 200 });
    const page = await open();
    await upToDate(page, demo);
    await sameRows(page, demo);
    await page.close();

    const blank = await browser.open("about:blank");
    const devtools = await browser.context.newCDPSession(blank);
    await devtools.send("Storage.clearDataForOrigin", { origin: demo.url, storageTypes });
    asked.length = 0;

    const next = await open();
    await upToDate(next, demo);
    await sameRows(next, demo);
    assert.notDeepEqual(await replicaOf(next), {});
    assert.equal(await next.evaluate(() => localStorage.getItem("electric_migration_version")), demo.newest.tag);
    // Rows are fetched again exactly where they are gone.
    const fetchesRows = asked.some((url) => url.searchParams.get("offset") === "-1");
    assert.equal(fetchesRows, storageTypes.includes("indexeddb"));
    assert.deepEqual((await takeStory(next)).events, fetchesRows ? ["start", "complete"] : []);
    assert.equal(await part(next, "error").isHidden(), true);
  });
}
