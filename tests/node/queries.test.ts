/** What becomes of the app's mounted queries under a whole migration, where the rescue alone is not enough. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { PGlite } from "@electric-sql/pglite";
import { live } from "@electric-sql/pglite/live";
import type { MigrationComplete, QueryFailed, ReplicaEvent } from "electric-replica";

import { FailedQueries } from "../../js/queries.ts";
import { rejections } from "./support/rejections.ts";
import { contents, database, eventually, manage, serve, soon } from "./support/world.ts";

const TABLE = "data_table_columns";
const LEFT = "select count(*)::int as n from pg_namespace where nspname like 'electric\\_replica\\_left\\_%'";

const failed = (events: ReplicaEvent[]) => events.filter((event): event is QueryFailed => event.type === "query-failed");
const completed = (events: ReplicaEvent[]) => events.filter((event): event is MigrationComplete => event.type === "migration:complete");

async function migrated(t: TestContext, options: object = {}) {
  const demo = await serve(t);
  const db = await database(t);
  const managed = await manage(t, demo, { db, ...options });
  await managed.manager.checkAndMigrate();
  /** Deploys up to the migration of this name. */
  const upTo = async (tag: string) => {
    while ((await demo.deploy())?.tag !== tag);
    await eventually(async () => {
      await managed.manager.checkAndMigrate();
      assert.equal(managed.manager.version, tag);
    });
  };
  return { ...managed, demo, db, upTo };
}

test("a live query on a column that the server dropped ends in an event that names it, and in no unhandled rejection", async (t) => {
  const unhandled = rejections(t);
  const { db, demo, events, upTo } = await migrated(t);
  let delivered = 0;
  const sql = `select c.id, c.legacy_code, u.name from ${TABLE} c, users u order by 1, 3 limit 5`;
  await db.live.query(sql, [], () => (delivered += 1));
  let seen: string[] = [];
  await db.live.query(`select * from ${TABLE}`, [], ({ fields }) => (seen = fields.map(({ name }) => name)));

  await upTo("0002_drop_legacy_code");
  await soon(() => assert.equal(failed(events).length, 1));
  const [query] = failed(events);
  assert.deepEqual([query?.tables, query?.missing], [[TABLE], [`${TABLE}.legacy_code`]]);
  assert.match(query?.view ?? "", /^live_query_[0-9a-f]{32}_view$/);
  await soon(() => assert.ok(!seen.includes("legacy_code") && seen.includes("description")));

  // Its other table goes on telling it of changes, and each time it fails anew.
  const before = delivered;
  await demo.upstream.query("update users set name = name || '.'");
  await eventually(async () => assert.deepEqual(await contents(db), await contents(demo.upstream)));
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(delivered, before);
  assert.deepEqual([unhandled, failed(events).length], [[], 1]);
});

test("a live query on a table that the app no longer carries ends in an event, and PGlite is not told to fail", async (t) => {
  const unhandled = rejections(t);
  const { db, demo, manager } = await migrated(t);
  await db.live.query("select * from companies", [], () => undefined);
  await manager.close();

  const { manager: next, events } = await manage(t, demo, { db, tables: [TABLE] });
  await next.checkAndMigrate();
  await soon(() => assert.deepEqual(failed(events).map(({ tables, missing }) => [tables, missing]), [[["companies"], ["companies"]]]));
  await next.close(); // gives back what it held
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(unhandled, []);
});

test("a rejection of PGlite's is held back until it is told whose it is, and no other is touched", async (t) => {
  const unhandled = rejections(t);
  const db = await database(t);
  const queries = new FailedQueries();
  const views: string[] = [];
  /** Fails as setting a query up anew does. */
  const fail = async (name: string): Promise<void> => {
    const view = `live_query_${name.repeat(32)}_view`;
    views.push(view);
    void db.exec(`CREATE OR REPLACE TEMP VIEW ${view} AS select ${name} from pg_class`);
    await db.query("select 1"); // behind it
    await new Promise((resolve) => setImmediate(resolve));
  };
  await fail("a");
  void db.exec("select another from pg_class");
  await soon(() => assert.deepEqual(unhandled, ['error: column "another" does not exist']));
  await fail("b");
  await fail("b"); // told of another change before anybody has looked
  queries.told({ view: views[0] ?? "", missing: [] });
  await fail("a");
  assert.equal(unhandled.length, 1, "held, and told");

  queries.close();
  await soon(() => assert.deepEqual(unhandled.slice(1), Array(2).fill('error: column "b" does not exist'), "nobody's after all"));
  await fail("c");
  await soon(() => assert.equal(unhandled.length, 4));
});

test("a rejection that came through a worker is known by what is not there, as long as it is held, and any other is told late", async (t) => {
  const unhandled = rejections(t);
  const queries = new FailedQueries();
  // All that a PGliteWorker leaves of an error is its message.
  const fail = async (message: string): Promise<void> => {
    void Promise.reject(new Error(message));
    await new Promise((resolve) => setImmediate(resolve));
  };
  for (const message of ['column "legacy_code" does not exist', 'column "legacy_code" does not exist', "column c.position does not exist", 'relation "users" does not exist', 'column "mine" does not exist']) await fail(message);
  await fail("no connection");
  assert.deepEqual(unhandled, ["Error: no connection"]);
  queries.told({ view: "one", missing: ["data_table_columns.legacy_code", "data_table_columns.position"] });
  queries.told({ view: "another", missing: ["users"] });
  await fail('column "legacy_code" does not exist');
  queries.close();
  await soon(() => assert.deepEqual(unhandled.slice(1), ['Error: column "mine" does not exist', 'Error: column "legacy_code" does not exist']));
});

test("a rejection that nobody tells of is reported when its time is over", async (t) => {
  const unhandled = rejections(t);
  const queries = new FailedQueries();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  void Promise.reject(new Error('column "mine" does not exist'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(unhandled, []);
  t.mock.timers.tick(5_000);
  t.mock.timers.reset();
  await soon(() => assert.deepEqual(unhandled, ['Error: column "mine" does not exist']));
  queries.close();
});

test("a query that was lost comes back with the tables that it reads", async (t) => {
  rejections(t);
  const { db, manager, events, upTo } = await migrated(t, { keepPreviousMs: 600_000 });
  await upTo("0001_column_description");
  let delivered = 0;
  await db.live.query(`select legacy_code from ${TABLE}`, [], () => (delivered += 1));
  await upTo("0002_drop_legacy_code");
  await soon(() => assert.equal(failed(events).length, 1));
  const before = delivered;

  assert.equal(await manager.rollback(), true);
  await soon(() => assert.ok(delivered > before));
});

test("a temporary view of unknown make goes on reading the rows of before, the end of the migration says so, and nothing stays when it is gone", async (t) => {
  const { db, demo, events, manager, upTo } = await migrated(t);
  // As a PGlite might mount its queries that calls them otherwise.
  await db.exec(`create temp view watched_1_view as select * from ${TABLE}; prepare watched_1_get as select * from watched_1_view;
    listen "changes_of_data_table_columns"`);
  const { rows } = await db.query("execute watched_1_get");

  await upTo("0003_rename_position");
  assert.deepEqual(completed(events).at(-1)?.left, [TABLE]);
  assert.deepEqual((await db.query("execute watched_1_get")).rows, rows);
  assert.deepEqual(await contents(db), await contents(demo.upstream));
  await manager.checkAndMigrate();
  assert.deepEqual((await db.query(LEFT)).rows, [{ n: 1 }]);
  await db.exec("deallocate watched_1_get; drop view watched_1_view");

  const rebuilds = completed(events).length;
  await manager.checkAndMigrate();
  await eventually(async () => assert.deepEqual((await db.query(LEFT)).rows, [{ n: 0 }]));
  assert.deepEqual([completed(events).length, failed(events)], [rebuilds, []]);
});

test("what a page leaves for its views goes with the page, and its views are in no later one's way", async (t) => {
  const { db, demo, events, manager, upTo } = await migrated(t);
  await db.exec(`create temp view watched_1_view as select * from ${TABLE}`);
  await upTo("0003_rename_position");
  assert.deepEqual(completed(events).at(-1)?.left, [TABLE]);
  await manager.close();

  const next = await PGlite.create({ loadDataDir: await db.dumpDataDir("none"), extensions: { live } });
  t.after(() => next.close());
  assert.deepEqual((await next.query(LEFT)).rows, [{ n: 1 }]);
  const { manager: later, events: told } = await manage(t, demo, { db: next });
  await later.checkAndMigrate();
  await eventually(async () => assert.deepEqual((await next.query(LEFT)).rows, [{ n: 0 }]));
  assert.deepEqual(completed(told), [], "nothing was rebuilt for it");

  await demo.deploy();
  await eventually(async () => {
    await later.checkAndMigrate();
    assert.equal(completed(told).length, 1);
  });
  assert.deepEqual(completed(told)[0]?.left, []);
  await eventually(async () => assert.deepEqual(await contents(next), await contents(demo.upstream)));
});

test("built in place, mounted live queries go on as well", async (t) => {
  const { db, demo, events, upTo } = await migrated(t, { strategy: "in-place" });
  let seen: unknown[] = [];
  await db.live.query<{ description: string }>(`select * from ${TABLE} order by id`, [], ({ rows }) => (seen = rows.map((row) => row.description)));
  await upTo("0001_column_description");
  await demo.upstream.query(`update ${TABLE} set description = 'new'`);
  await soon(() => assert.ok(seen.length > 0 && seen.every((description) => description === "new")));
  assert.deepEqual(failed(events), []);
});
