/** Rows that the app's own sync brings: a real pglite-sync over the development shape server, through real migrations. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { live } from "@electric-sql/pglite/live";
import { electricSync } from "@electric-sql/pglite-sync";
import type { SyncOptions } from "electric-replica";

import type { Demo } from "../../www/server/demo.ts";
import { emptyPostgres } from "../../www/server/empty.ts";
import { contents, eventually, manage, serve } from "./support/world.ts";

const KEY = "the app's";

async function open(t: TestContext) {
  const db = await emptyPostgres({ extensions: { live, electric: electricSync() } });
  t.after(() => db.close());
  return db;
}
type Database = Awaited<ReturnType<typeof open>>;

/** The sync an app would write: every table that stands, under one key. */
class AppSync implements SyncOptions {
  readonly keys = [KEY];
  readonly told: string[] = [];
  readonly #db: Database;
  readonly #demo: Demo;
  #end: (() => void) | undefined;

  constructor(db: Database, demo: Demo) {
    this.#db = db;
    this.#demo = demo;
  }

  async start(): Promise<void> {
    this.told.push("start");
    await this.#demo.shapes?.reconcile();
    const { rows } = await this.#db.query<{ table: string; keys: string[] }>(
      `select c.relname::text as "table", array_agg(a.attname::text order by a.attnum) as keys from pg_class c
       join pg_index i on i.indrelid = c.oid and i.indisprimary
       join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey::int2[])
       where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' group by 1`,
    );
    const url = `${this.#demo.url}/api/electric/shape`;
    const shape = (table: string, primaryKey: string[]) => ({ shape: { url, params: { table } }, table, primaryKey });
    const shapes = Object.fromEntries(rows.map(({ table, keys }) => [table, shape(table, keys)]));
    const { unsubscribe } = await this.#db.electric.syncShapesToTables({ key: KEY, shapes });
    this.#end = unsubscribe;
  }

  async stop(): Promise<void> {
    this.told.push("stop");
    this.#end?.();
    this.#end = undefined;
    // What it is writing at this moment is written to the end.
    await this.#db.query("select");
  }
}

async function feed(t: TestContext, demo: Demo) {
  const db = await open(t);
  const sync = new AppSync(db, demo);
  const world = await manage(t, demo, { db, sync });
  return { db, sync, ...world };
}

const equal = (db: Database, demo: Demo, what?: string) =>
  eventually(async () => assert.deepEqual(await contents(db), await contents(demo.upstream), what), 30_000);

test("with pglite-sync, every migration of a real drizzle folder ends with the server's rows", async (t) => {
  // Electric notices DDL where the app's own start waits for it: a sync that runs then loses rows for good (T1).
  const demo = await serve(t, { noticeMs: Infinity });
  // A NULL inside an array ends pglite-sync (T13).
  await demo.upstream.exec("update companies set markets = array_remove(markets, null); update data_table_columns set labels = array_remove(labels, null)");
  const { db, sync, manager, events } = await feed(t, demo);
  assert.equal(await manager.checkAndMigrate(), false);
  assert.deepEqual(sync.told, ["stop", "start"]);
  await equal(db, demo);

  for (let migration = await demo.deploy(); migration !== undefined; migration = await demo.deploy()) {
    const from = sync.told.length;
    const changed = await manager.checkAndMigrate();
    assert.equal(manager.version, migration.tag);
    assert.deepEqual(sync.told.slice(from), changed ? ["stop", "start"] : []);
    await equal(db, demo, migration.tag);
  }

  assert.deepEqual(events.filter((event) => event.type === "migration:error"), []);
  assert.equal(manager.status, "ready");
  await manager.close();
  assert.equal(sync.told.at(-1), "stop");
});
