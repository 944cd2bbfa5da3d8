/** What a browser's storage holds: how much of it rebuilds take, and what they do where it is short. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { badReads, sameRows, startReading, startWorld, upToDate } from "./support/demo.ts";
import { observe, type StorageWindow, takeTold } from "./support/room.ts";

declare const window: StorageWindow & typeof globalThis.window;

/** Bytes of the database's files and of its log. What the browser says it stores goes up and down by itself, as it tidies up. */
const SEGMENT = 16 * 2 ** 20;
const SIZE = "select (pg_database_size(current_database()) + (select sum(size) from pg_ls_waldir()))::int as bytes";

test("ten rebuilds leave no more than three did but for one segment of the log", async (t) => {
  const { demo, open } = await startWorld(t, { rows: 3_000, noticeMs: 200 });
  const page = await open();
  await upToDate(page, demo);
  const sizes: number[] = [];
  for (let nth = 0; nth < 10; nth += 1) {
    await page.evaluate(() => window.demo.manager.runMigration());
    // The log is written out right after the end of a rebuild, before this.
    sizes.push(await page.evaluate(async (sql) => Number((await window.demo.db.query(sql)).rows[0]?.["bytes"]), SIZE));
  }
  const stored = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  t.diagnostic(`after each: ${sizes.map(mib).join(", ")} MiB; stored in the end: ${mib(stored)} MiB`);
  // One more segment of the log may just have been begun; and the catalogue keeps a few rows of what was dropped.
  assert.ok(Math.max(...sizes.slice(3)) <= Math.max(...sizes.slice(0, 3)) + SEGMENT + 2 ** 20, sizes.join(", "));
  await sameRows(page, demo);
});

test("where the browser has room for one table at a time, readers keep their rows throughout", async (t) => {
  const world = await startWorld(t, { rows: 1_500, noticeMs: 200 });
  await observe(world);
  const { demo, open } = world;
  const page = await open();
  await upToDate(page, demo);
  await startReading(page);
  await takeTold(page);

  await page.evaluate(async () => {
    const sizes = await window.demo.db.query("select pg_total_relation_size(oid)::int as bytes from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace");
    const bytes = sizes.rows.map((row) => Number(row["bytes"]));
    // As much as all of them is spared for the log.
    window.saysRoom = bytes.reduce((sum, more) => sum + more) + Math.max(...bytes);
    await window.demo.manager.runMigration();
  });

  assert.deepEqual(await takeTold(page), [
    { type: "migration:start", strategy: "table-by-table" },
    { type: "migration:complete", strategy: "table-by-table" },
  ]);
  await sameRows(page, demo);
  assert.deepEqual(await badReads(page), []);
});
