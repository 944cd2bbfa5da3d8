/** The watchdog over a real PGlite: what other code does to the replica's rows is noticed, told and put right. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ReplicaError, type ReplicaEvent, type Unhealthy, type Verified } from "electric-replica";

import { addRow } from "../../www/server/rows.ts";
import { golden, open, run, select } from "./support/op.ts";
import { contents, database, eventually, manage, serve } from "./support/world.ts";

const unhealthy = (events: ReplicaEvent[]) => events.filter((event): event is Unhealthy => event.type === "replica:unhealthy");
const verified = (events: ReplicaEvent[]) => events.filter((event): event is Verified => event.type === "replica:verified");
const WIDEST = "data_table_columns";

/** Other code deletes rows, and the record is made to say that they never were. */
async function rob(db: { exec(sql: string): Promise<unknown> }, rows: number): Promise<void> {
  await db.exec(`delete from ${WIDEST} where id in (select id from ${WIDEST} order by id limit ${rows})`);
  await db.exec(`update electric_replica.shapes set rows = rows - ${rows} where table_name = '${WIDEST}'`);
}

test("the recorded numbers of rows follow the changes of our own transactions and those of no other", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first, golden.seal);
  const counts = async () => (await run(db, golden.count)).map(([table, expected, found]) => `${table}: ${expected} of ${found}`);
  assert.deepEqual(await counts(), ["companies: 1 of 1", "gone: 1 of 1", "users: 2 of 2"]);

  await db.exec("INSERT INTO users (id, email) VALUES (50, 'theirs'), (51, 'theirs')");
  const insert = (id: number) => `INSERT INTO users (id, email) VALUES (${id}, 'x') ON CONFLICT (id) DO UPDATE SET email = EXCLUDED.email`;
  const changes = [insert(60), insert(60), insert(1), insert(61), "DELETE FROM users WHERE id = 2", "DELETE FROM users WHERE id = 9999"];
  const ours = changes.map((sql) => ({ sql, rows: null }));
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

test("rows that the server alone knows of are missed by its count, told, and fetched again", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const { manager, events } = await manage(t, demo, { db });
  await manager.checkAndMigrate();
  assert.equal(await manager.verify({ server: true }), true);
  await rob(db, 3);
  assert.equal(await manager.verify(), true, "the record knows nothing of it");

  assert.equal(await manager.verify({ server: true }), false);
  const lost = unhealthy(events).flatMap(({ problems, repairs }) => problems.map((problem) => ({ ...problem, repairs })));
  assert.deepEqual(lost.map(({ table, reason, expected, found, repairs }) => [table, reason, (expected ?? 0) - (found ?? 0), repairs]), [[WIDEST, "server", 3, true]]);
  await eventually(async () => assert.deepEqual(await contents(db), await contents(demo.upstream)));
  await eventually(async () => assert.equal(await manager.verify({ server: true }), true));
  assert.deepEqual(verified(events).map(({ against, unsure }) => [against, unsure]).at(-1), ["server", []]);
  assert.deepEqual(events.filter((event) => event.type === "migration:error"), []);
});

test("what is written meanwhile is no fault, of all rows and of those that a condition chooses", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const tables = [{ name: WIDEST, where: "kind = 'text'" }, "companies"];
  const { manager, events } = await manage(t, demo, { db, tables });
  await manager.checkAndMigrate();
  const end = new AbortController();
  const writing = (async () => {
    for (let n = 0; !end.signal.aborted; n += 1) {
      const some = `(select id from ${WIDEST} order by random() limit 2)`;
      if (n % 3 === 0) await demo.upstream.query(`delete from ${WIDEST} where id in ${some}`);
      else if (n % 3 === 1) await demo.upstream.query(`update ${WIDEST} set kind = case when kind = 'text' then 'number'::column_kind else 'text' end where id in ${some}`);
      else await addRow(demo.upstream);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  for (let n = 0; n < 8; n += 1) assert.equal(await manager.verify({ server: true }), true);
  end.abort();
  await writing;
  assert.deepEqual(unhealthy(events), []);
  assert.deepEqual(verified(events).map(({ unsure }) => unsure), Array(8).fill([]));

  await rob(db, 1);
  assert.equal(await manager.verify({ server: true }), false);
  assert.deepEqual(unhealthy(events).at(-1)?.problems.map(({ table, reason }) => [table, reason]), [[WIDEST, "server"]]);
});

test("a server that cannot be reached is told to whoever called, and is no fault of the replica's", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  let cut = false;
  const send = (url: string, init: RequestInit) => (cut && url.includes("/shape") ? Promise.reject(new TypeError("cut")) : fetch(url, init));
  const { manager, events } = await manage(t, demo, { db, fetch: send });
  await manager.checkAndMigrate();
  assert.equal(await manager.verify(), true);
  cut = true;
  const unreachable = (thrown: unknown) => thrown instanceof ReplicaError && thrown.code === "SHAPE_UNREACHABLE";
  await assert.rejects(manager.verify({ server: true }), unreachable);
  assert.deepEqual([unhealthy(events), events.filter((event) => event.type === "migration:error")], [[], []]);

  await db.exec("delete from companies");
  await assert.rejects(manager.verify({ server: true }), unreachable);
  assert.deepEqual(unhealthy(events)[0]?.problems.map(({ table, reason }) => [table, reason]), [["companies", "rows"]], "the record has its say first");
});

test("a replica is compared by itself, told and put right, in the time that the app says", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const { manager, events } = await manage(t, demo, { db, check: { verifyEveryMs: 200 }, limits: { spreadMs: 0, throttleMs: 0 } });
  await manager.checkAndMigrate();
  await eventually(() => Promise.resolve().then(() => assert.ok(verified(events).length > 0)));
  await db.exec("delete from companies");

  await eventually(() => Promise.resolve().then(() => assert.ok(unhealthy(events).length > 0)));
  assert.deepEqual(unhealthy(events)[0]?.problems.map(({ table, reason }) => [table, reason]), [["companies", "rows"]]);
  await eventually(async () => assert.deepEqual(await contents(db), await contents(demo.upstream)));
});
