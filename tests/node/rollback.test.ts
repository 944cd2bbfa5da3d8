/** Going back in a real PGlite: tables, enums, indexes, mounted live queries, and what the app has beside the replica. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { check, rejection } from "./support/broken.ts";
import { contents, database, eventually, manage, serve } from "./support/world.ts";

const STRUCTURE = `select c.relname::text as table, a.attname::text as column, format_type(a.atttypid, a.atttypmod) as type,
  (select json_agg(indexrelid::regclass::text order by 1) from pg_index where indrelid = c.oid) as indexes
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by 1, 2`;

test("every migration of a real drizzle folder can be gone back from, under a mounted live query", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const { manager, events } = await manage(t, demo, { db, keepPreviousMs: 600_000 });
  await manager.checkAndMigrate();
  check(await rejection(manager.rollback()), "NO_PREVIOUS", false);
  assert.equal(manager.status, "ready");
  await db.exec("create view wide as select id, name from data_table_columns");
  let fields: string[] = [];
  const mounted = await db.live.query("select * from data_table_columns order by id limit 3", [], (result) => {
    fields = result.fields.map(({ name }) => name);
  });
  const shown = async (): Promise<string[]> => (await db.query("select * from data_table_columns limit 0")).fields.map(({ name }) => name);

  for (let migration = await demo.deploy(); migration !== undefined; migration = await demo.deploy()) {
    const [version, rows, structure] = [manager.version, await contents(db), (await db.query(STRUCTURE)).rows];
    if (!(await manager.checkAndMigrate())) {
      await eventually(async () => assert.deepEqual(await contents(db), await contents(demo.upstream)));
      continue;
    }
    assert.equal(await manager.rollback(), true);

    assert.equal(manager.status, "held");
    assert.equal(manager.version, version);
    assert.deepEqual((await db.query(STRUCTURE)).rows, structure, migration.tag);
    assert.deepEqual(await contents(db), rows, migration.tag);
    await eventually(async () => assert.deepEqual(fields, await shown(), migration.tag));
    await db.query("select * from wide limit 1");
    assert.equal(await manager.checkAndMigrate(), false);
    assert.equal(manager.status, "held");
    check(await rejection(manager.rollback()), "NO_PREVIOUS", false);

    assert.equal(await manager.runMigration(), true);
    assert.equal(manager.version, migration.tag);
    await eventually(async () => assert.deepEqual(await contents(db), await contents(demo.upstream), migration.tag));
    await eventually(async () => assert.deepEqual(fields, await shown(), migration.tag));
  }

  assert.deepEqual(events.filter((event) => event.type === "migration:error"), []);
  await mounted.unsubscribe();
  await manager.purge();
  assert.deepEqual((await db.query("select to_regnamespace('electric_replica_previous')::text as left")).rows, [{ left: null }]);
});

test("what the app has beside the replica is not taken along by what is kept", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const { manager } = await manage(t, demo, { db, keepPreviousMs: 600_000 });
  await manager.checkAndMigrate();
  await db.exec(`create table mine (id int primary key, kind column_kind, of bigint references data_table_columns (id));
    insert into mine select 1, 'text', min(id) from data_table_columns`);
  while ((await demo.deploy()) !== undefined); // the last one changes the enum
  await manager.checkAndMigrate();
  await manager.purge();
  assert.deepEqual((await db.query("select id, kind::text from mine")).rows, [{ id: 1, kind: "text" }]);
});
