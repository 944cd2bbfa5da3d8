/** More tables than PGlite opens files for at once over the origin's private files, where Postgres ends that finds none. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type * as pglite from "@electric-sql/pglite/worker";
import type * as replica from "electric-replica";

import { launchBrowser } from "../support/browser.ts";
import { servePlain } from "../support/plain.ts";

const TABLES = 40;
const ROWS = 20;

/** Makes a replica, and another in its place; answers how many rows are read in the end of each. */
async function build({ strategy, sql }: { strategy: "swap" | "in-place"; sql: string }): Promise<unknown[]> {
  const { PGliteWorker } = (await import(`${location.origin}/pglite/worker/index.js`)) as typeof pglite;
  const { createReplicaManager } = (await import(`${location.origin}/pkg/index.js`)) as typeof replica;
  const worker = new Worker("/worker.js", { type: "module" });
  const db = await PGliteWorker.create(worker, { dataDir: `opfs-ahp://${strategy}` });
  const manager = await createReplicaManager({ db, worker, strategy, baseUrl: `${location.origin}/api` });
  const counted: unknown[] = [];
  for (const make of [() => manager.checkAndMigrate(), () => manager.runMigration()]) {
    await make();
    counted.push((await db.query(sql)).rows);
  }
  await manager.close();
  return counted;
}

for (const strategy of ["swap", "in-place"] as const) {
  test(`${strategy}: forty tables are built over the origin's private files, and forty others in their place`, async (t) => {
    const origin = await servePlain(t, { tables: TABLES, rows: ROWS });
    const browser = await launchBrowser(t);
    const page = await browser.open(origin);
    const counts = Array.from({ length: TABLES }, (_, nth) => `select count(*)::int as rows from items_${nth}`);

    const counted = await page.evaluate(build, { strategy, sql: counts.join(" union all ") });

    const all = Array.from({ length: TABLES }, () => ({ rows: ROWS }));
    assert.deepEqual(counted, [all, all]);
  });
}
