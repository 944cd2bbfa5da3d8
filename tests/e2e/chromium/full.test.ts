/** Storage that is full: how much of it there is can be set through Chromium's own protocol alone. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { Page } from "playwright-core";

import type { Demo } from "../../../www/server/demo.ts";
import { deployOnce, type DemoWorld, eventually, MOUNTED_AGAIN, sameRows, startWorld, upToDate } from "../support/demo.ts";
import { observe, type StorageWindow, takeTold } from "../support/room.ts";

declare const window: StorageWindow & typeof globalThis.window;

const FILES = "&worker&db=opfs-ahp://electric-replica-storage";

/** Gives the origin so many bytes more than it has stored; nothing for as many as there are. */
async function giveRoom({ browser }: DemoWorld, page: Page, demo: Demo, bytes?: number): Promise<void> {
  const devtools = await browser.context.newCDPSession(page);
  const origin = new URL(demo.url).origin;
  const { usage } = await devtools.send("Storage.getUsageAndQuota", { origin });
  await devtools.send("Storage.overrideQuotaForOrigin", bytes === undefined ? { origin } : { origin, quotaSize: usage + bytes });
}

test("a rebuild over the origin's private files that finds the storage full says so, and is made good once there is room", async (t) => {
  const tolerated = [/could not (extend|write to) file/, /SAVEPOINT can only be used in transaction blocks/, MOUNTED_AGAIN];
  const world = await startWorld(t, { rows: 6_000, noticeMs: 200 }, tolerated);
  await observe(world);
  const { demo, open } = world;
  const page = await open(FILES);
  await upToDate(page, demo);
  await takeTold(page);
  const count = () => page.evaluate(async () => Number((await window.demo.db.query("select count(*)::int as n from data_table_columns")).rows[0]?.["n"]));
  const before = await count();

  // Where the log has to begin a new file and finds no room for it, Postgres gives up altogether: it begins one now.
  for (const sql of ["select pg_switch_wal()", "checkpoint"]) await page.evaluate((sql) => window.demo.db.query(sql).then(() => undefined), sql);
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
