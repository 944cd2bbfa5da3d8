/** A mounted live query that no longer fits what the server made of its table, in a real browser's unhandled rejections. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { QueryFailed } from "electric-replica";

import { FIREFOX } from "./support/browser.ts";
import { deployOnce, eventually, part, startWorld, upToDate } from "./support/demo.ts";

/** What the page of this test writes down, and has. */
interface QueryWindow {
  demo: { db: { exec(sql: string): Promise<unknown>; live: { query(sql: string, params: unknown[], callback: () => void): Promise<unknown> } } };
  failed: QueryFailed[];
  unhandled: string[];
}
declare const window: QueryWindow & typeof globalThis.window;

const OWN = /the app's own/;
const UNTOLD = /column "nothing" does not exist/;
/** Firefox writes a rejection on its console even where the page held it back: `unhandled` says what was reported. */
const HELD_BACK = FIREFOX === undefined ? [] : [/column "legacy_code" does not exist/];

test("a live query on a column that is dropped is told by name and rejects nowhere; what else rejects is reported", async (t) => {
  const { demo, browser, open } = await startWorld(t, { noticeMs: 200 }, [OWN, UNTOLD, ...HELD_BACK]);
  const page = await open();
  await upToDate(page, demo);
  await page.evaluate(async () => {
    Object.assign(window, { failed: [], unhandled: [] });
    window.addEventListener("electric:query-failed", ({ detail }) => window.failed.push(detail));
    window.addEventListener("unhandledrejection", (event) => void (event.defaultPrevented || window.unhandled.push((event.reason as Error).message)));
    await window.demo.db.live.query("select id, legacy_code from data_table_columns order by id limit 5", [], () => undefined);
  });

  await deployOnce(page);
  await upToDate(page, demo);
  assert.deepEqual(await page.evaluate(() => window.failed), []);
  await deployOnce(page);
  await upToDate(page, demo);
  assert.equal(demo.newest.tag, "0002_drop_legacy_code");
  await eventually(async () => {
    const failed = await page.evaluate(() => window.failed);
    assert.deepEqual(failed.map(({ tables, missing }) => [tables, missing]), [[["data_table_columns"], ["data_table_columns.legacy_code"]]]);
  }, 60_000);

  // The app's own is reported at once; one that looks like PGlite's, and turns out to be nobody's, a little later.
  await page.evaluate(() => {
    void Promise.reject(new Error("the app's own"));
    void window.demo.db.exec(`CREATE OR REPLACE TEMP VIEW live_query_${"0".repeat(32)}_view AS select nothing from data_table_columns`);
  });
  await eventually(async () => {
    const unhandled = await page.evaluate(() => window.unhandled);
    assert.deepEqual(unhandled, ["the app's own", 'column "nothing" does not exist']);
  }, 30_000);
  assert.deepEqual(browser.complaints, []);
  assert.equal(await part(page, "error").isHidden(), true);
});
