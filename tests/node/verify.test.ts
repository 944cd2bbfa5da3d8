/** The watchdog over a real PGlite: what other code does to the replica's rows is noticed, told and put right. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { Unhealthy } from "electric-replica";

import { golden, open, run, select } from "./support/op.ts";
import { contents, database, eventually, manage, serve } from "./support/world.ts";

test("the recorded numbers of rows follow the changes of our own transactions and those of no other", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first, golden.seal);
  const counts = async () => (await run(db, golden.count)).map(([table, expected, found]) => `${table}: ${expected} of ${found}`);
  assert.deepEqual(await counts(), ["companies: 1 of 1", "gone: 1 of 1", "users: 2 of 2"]);

  await db.exec("INSERT INTO users (id, email) VALUES (50, 'theirs'), (51, 'theirs')");
  const insert = (id: number) => `INSERT INTO users (id, email) VALUES (${id}, 'x') ON CONFLICT (id) DO UPDATE SET email = EXCLUDED.email`;
  const changes = [insert(60), insert(60), insert(1), insert(61), "DELETE FROM users WHERE id = 2", "DELETE FROM users WHERE id = 9999"];
  const ours = changes.map((sql) => ({ sql, params: [], blob: null, oneRow: false }));
  await run(db, [...golden.before, ...ours, ...golden.after]);
  assert.deepEqual((await counts()).at(-1), "users: 3 of 5");

  await db.exec("DELETE FROM users WHERE id = 50");
  await assert.rejects(run(db, [...golden.before, ...ours, ...golden.after, ...golden.lostPosition]));
  await run(db, [...golden.before, ...golden.after]);
  assert.deepEqual((await counts()).at(-1), "users: 3 of 4", "what was rolled back is not counted");
  assert.deepEqual(await select(db, "SELECT rows FROM electric_replica.shapes WHERE table_name = 'gone'"), [{ rows: 1 }]);
});

test("rows that other code deleted are missed, told, and fetched again while those that are left stay in sight", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const { manager, events } = await manage(t, demo, { db });
  await manager.checkAndMigrate();
  await demo.upstream.query("delete from data_table_columns where id in (select id from data_table_columns order by id limit 5)");
  await eventually(async () => assert.deepEqual(await contents(db), await contents(demo.upstream)));
  assert.equal(await manager.verify(), true);

  await db.exec("delete from data_table_columns where id in (select id from data_table_columns order by id limit 7)");
  assert.equal(await manager.verify(), false);
  const told = events.filter((event): event is Unhealthy => event.type === "replica:unhealthy");
  const [problem] = told[0]?.problems ?? [];
  assert.equal(told.length, 1);
  assert.deepEqual([problem?.table, problem?.reason, (problem?.expected ?? 0) - (problem?.found ?? 0)], ["data_table_columns", "rows", 7]);
  assert.equal(told[0]?.repairs, true);
  await eventually(async () => assert.deepEqual(await contents(db), await contents(demo.upstream)));
  await eventually(async () => assert.equal(await manager.verify(), true));
  assert.deepEqual(events.filter((event) => event.type === "migration:error"), []);
});

test("what is wrong is told and left to the app where it is to be asked", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const { manager, events } = await manage(t, demo, { db, policy: "prompt" });
  await manager.checkAndMigrate();
  await db.exec("delete from companies");

  assert.equal(await manager.verify(), false);
  const told = events.filter((event): event is Unhealthy => event.type === "replica:unhealthy");
  assert.deepEqual(told.map(({ problems, repairs }) => [problems.map(({ table }) => table), repairs]), [[["companies"], false]]);
  await manager.reset();
  assert.deepEqual(await contents(db), await contents(demo.upstream));
  assert.equal(await manager.verify(), true);
});
