/** What a browser's storage holds: how much of it rebuilds take, and what they do where it is short or full. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { Page } from "playwright-core";

import type { Demo } from "../../www/server/demo.ts";
import { badReads, deployOnce, type DemoWorld, eventually, sameRows, startReading, startWorld, upToDate } from "./support/demo.ts";

interface Told {
  type: string;
  strategy?: string;
  code?: string;
}
interface StorageWindow {
  demo: {
    db: { query(sql: string): Promise<{ rows: Record<string, unknown>[] }> };
    manager: { runMigration(): Promise<boolean>; checkAndMigrate(): Promise<boolean> };
  };
  told: Told[];
  /** How much room the browser says there is, where a test says so instead. */
  saysRoom?: number;
}
declare const window: StorageWindow & typeof globalThis.window;

const FILES = "&worker&db=opfs-ahp://electric-replica-storage";

/** Has the page write down how rebuilds begin and end, and say of its room what the test does: Chromium says no true number. */
async function observe({ browser }: DemoWorld): Promise<void> {
  await browser.context.addInitScript(() => {
    if (location.protocol === "about:") return;
    const told: Told[] = [];
    for (const name of ["start", "complete", "error"] as const) {
      window.addEventListener(`electric:migration:${name}`, ({ detail }) => {
        const { type, strategy, code } = detail as Told;
        told.push({ type, ...(strategy === undefined ? {} : { strategy }), ...(code === undefined ? {} : { code }) });
      });
    }
    const estimate = navigator.storage.estimate.bind(navigator.storage);
    navigator.storage.estimate = async () => {
      const said = await estimate();
      const { saysRoom } = window;
      return saysRoom === undefined ? said : { ...said, quota: (said.usage ?? 0) + saysRoom };
    };
    Object.assign(window, { told });
  });
}

const takeTold = (page: Page) => page.evaluate(() => window.told.splice(0));

/** Gives the origin so many bytes more than it has stored; nothing for as many as there are. */
async function giveRoom({ browser }: DemoWorld, page: Page, demo: Demo, bytes?: number): Promise<void> {
  const devtools = await browser.context.newCDPSession(page);
  const origin = new URL(demo.url).origin;
  const { usage } = await devtools.send("Storage.getUsageAndQuota", { origin });
  await devtools.send("Storage.overrideQuotaForOrigin", bytes === undefined ? { origin } : { origin, quotaSize: usage + bytes });
}

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

test("a rebuild over the origin's private files that finds the storage full says so, and is made good once there is room", async (t) => {
  const tolerated = [/could not (extend|write to) file/, /SAVEPOINT can only be used in transaction blocks/, /prepared statement "live_query_\w+" does not exist/];
  const world = await startWorld(t, { rows: 6_000, noticeMs: 200 }, tolerated);
  await observe(world);
  const { demo, open } = world;
  const page = await open(FILES);
  await upToDate(page, demo);
  await takeTold(page);
  const count = () => page.evaluate(async () => Number((await window.demo.db.query("select count(*)::int as n from data_table_columns")).rows[0]?.["n"]));
  const before = await count();

  await giveRoom(world, page, demo, 1_000_000);
  await deployOnce(page);
  await eventually(async () => assert.ok((await page.evaluate(() => window.told)).some(({ code }) => code === "STORAGE_FULL")), 120_000);
  assert.equal(await count(), before);

  await giveRoom(world, page, demo);
  await eventually(async () => void (await page.evaluate(() => window.demo.manager.checkAndMigrate())), 120_000);
  await upToDate(page, demo);
  await sameRows(page, demo);
  const savepoint = () => page.evaluate(() => window.demo.db.query("savepoint there").then(() => "inside", () => "outside"));
  assert.equal(await savepoint(), "outside", "the session is inside a transaction");
});
