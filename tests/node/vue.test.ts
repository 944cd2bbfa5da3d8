/** The replica in Vue's refs: real PGlite, real migrations, no page. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { createReplicaManager } from "electric-replica";
import type { ReplicaOptions } from "electric-replica";
import { provideReplica, useElectricMigrations, useReplica, useReplicaQuery } from "electric-replica/vue";
import type { Replica } from "electric-replica/vue";
import { effectScope, isReactive, nextTick, reactive, ref, watch } from "vue";
import type { App, EffectScope } from "vue";

import { rejections } from "./support/rejections.ts";
import { createApp } from "./support/renderer.ts";
import { database, eventually, manage, serve, soon } from "./support/world.ts";

const TABLE = "data_table_columns";
const VIEWS = "select count(*)::int as n from pg_class where relname like 'live\\_query\\_%\\_view'";

/** An app that is given a replica, and the scope of a component in it. */
function component(t: TestContext, replica: Replica | Promise<Replica>): { app: App<object>; scope: EffectScope; inside: <T>(body: () => T) => T } {
  const app = createApp({ render: () => null });
  const scope = effectScope();
  provideReplica(replica, app);
  app.mount({});
  t.after(() => {
    scope.stop();
    app.unmount();
  });
  const inside = <T>(body: () => T): T => app.runWithContext(() => scope.run(body)) as T;
  return { app, scope, inside };
}

async function world(t: TestContext, options: Partial<ReplicaOptions> = {}) {
  const unhandled = rejections(t);
  const demo = await serve(t);
  const db = await database(t);
  const { manager } = await manage(t, demo, { db, ...options });
  const views = async () => (await db.query<{ n: number }>(VIEWS)).rows[0]?.n;
  /** Deploys up to the migration of this name, and waits until the replica has it. */
  const upTo = async (tag: string) => {
    while ((await demo.deploy())?.tag !== tag);
    await eventually(async () => {
      await manager.checkAndMigrate();
      assert.equal(manager.version, tag);
    });
  };
  return { demo, db, manager, views, upTo, unhandled, ...component(t, { manager, db }) };
}

test("a query that is mounted before anything was loaded has its rows as soon as they are there, and a migration's new columns", async (t) => {
  const { inside, manager, demo, upTo, unhandled } = await world(t);
  const { rows, fields, error, isLoading } = inside(() => useReplicaQuery(`select * from ${TABLE} order by id`));
  const seen: number[] = [];
  watch(rows, ({ length }) => seen.push(length), { flush: "sync" });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual([rows.value, isLoading.value, error.value], [[], true, undefined]);

  await manager.checkAndMigrate();
  await soon(() => assert.equal(rows.value.length, 200));
  assert.equal(isLoading.value, false);

  await upTo("0002_drop_legacy_code");
  const has = (column: string) => fields.value.some(({ name }) => name === column);
  await soon(() => assert.deepEqual([has("description"), has("legacy_code")], [true, false]));
  assert.equal(rows.value.length, Number((await demo.upstream.query<{ n: string }>(`select count(*) as n from ${TABLE}`))[0]?.n));
  assert.ok(!seen.includes(0), "rows went out of sight");
  assert.deepEqual(unhandled, []);
});

test("where the query or a parameter changes, the rows of before stay until the newer ones are there, and the old query ends", async (t) => {
  const { inside, manager, views } = await world(t);
  await manager.checkAndMigrate();
  const sql = ref(`select id from ${TABLE} order by id limit $1`);
  const params = reactive<unknown[]>([3]);
  const { rows, fields, isLoading } = inside(() => useReplicaQuery(sql, params));
  await soon(() => assert.equal(rows.value.length, 3));

  params[0] = 7;
  await nextTick();
  assert.deepEqual([rows.value.length, isLoading.value], [3, true]);
  await soon(() => assert.equal(rows.value.length, 7));
  // Several at once: the last is what counts.
  for (const limit of [1, 2, 5]) {
    params[0] = limit;
    await nextTick();
  }
  await soon(() => assert.deepEqual([rows.value.length, isLoading.value], [5, false]));
  sql.value = `select name from users order by id limit $1`;
  await soon(() => assert.deepEqual(fields.value.map(({ name }) => name), ["name"]));
  await eventually(async () => assert.equal(await views(), 1));
});

test("values that are the same mount nothing anew", async (t) => {
  const { inside, manager } = await world(t);
  await manager.checkAndMigrate();
  const limit = ref(3);
  const { rows, isLoading } = inside(() => useReplicaQuery(`select id from ${TABLE} limit $1`, () => [Math.min(limit.value, 4)]));
  await soon(() => assert.equal(rows.value.length, 3));

  limit.value = 4;
  await soon(() => assert.equal(rows.value.length, 4));
  limit.value = 5;
  await nextTick();
  assert.equal(isLoading.value, false);
});

test("a query ends with its component, also where it was still being mounted", async (t) => {
  const { inside, manager, scope, views } = await world(t);
  await manager.checkAndMigrate();
  const { rows } = inside(() => useReplicaQuery(`select * from ${TABLE}`));
  await soon(() => assert.equal(rows.value.length, 200));
  inside(() => useReplicaQuery("select * from users"));
  await nextTick();
  scope.stop();

  await eventually(async () => assert.equal(await views(), 0));
});

test("a query that no longer fits the server's tables says why, keeps its rows, and goes on once it is another", async (t) => {
  const { inside, manager, upTo, unhandled } = await world(t);
  await manager.checkAndMigrate();
  const sql = ref(`select id, legacy_code from ${TABLE}`);
  const { rows, error } = inside(() => useReplicaQuery(sql));
  await soon(() => assert.equal(rows.value.length, 200));

  await upTo("0002_drop_legacy_code");
  await soon(() => assert.match(String(error.value), /legacy_code/));
  assert.ok(rows.value.length >= 200);
  sql.value = `select id, description from ${TABLE}`;
  await soon(() => assert.deepEqual([error.value, Object.keys(rows.value[0] ?? {})], [undefined, ["id", "description"]]));
  assert.deepEqual(unhandled, []);
});

test("a query that fits nothing says so as soon as it is known what is there, and not before", async (t) => {
  const { inside, manager } = await world(t);
  const { error, isLoading } = inside(() => useReplicaQuery("select nothing from nowhere"));
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual([error.value, isLoading.value], [undefined, true]);
  await manager.checkAndMigrate();
  await soon(() => assert.deepEqual([String(error.value), isLoading.value], ['error: relation "nowhere" does not exist', false]));
});

test("on a later visit as well", async (t) => {
  const first = await world(t);
  await first.manager.checkAndMigrate();
  await first.manager.close();
  const { manager } = await manage(t, first.demo, { db: first.db });
  const { inside } = component(t, { manager, db: first.db });
  const { error } = inside(() => useReplicaQuery("select nothing from nowhere"));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await manager.checkAndMigrate();
  await soon(() => assert.match(String(error.value), /nowhere/));
});

test("rows that were purged are not on the screen any more, and come back with a first load", async (t) => {
  const { inside, manager } = await world(t);
  await manager.checkAndMigrate();
  const { rows, fields, error } = inside(() => useReplicaQuery(`select * from ${TABLE}`));
  await soon(() => assert.equal(rows.value.length, 200));
  await manager.purge();
  await soon(() => assert.deepEqual([rows.value, fields.value, error.value], [[], [], undefined]));
  await manager.runMigration();
  await soon(() => assert.equal(rows.value.length, 200));
});

test("a query that a migration ended goes on after its rollback", async (t) => {
  const { inside, manager, upTo } = await world(t, { keepPreviousMs: 60_000 });
  await upTo("0001_column_description");
  const { rows, error } = inside(() => useReplicaQuery(`select id, legacy_code from ${TABLE}`));
  await soon(() => assert.equal(rows.value.length, 200));
  await upTo("0002_drop_legacy_code");
  await soon(() => assert.match(String(error.value), /legacy_code/));
  await manager.rollback();
  await soon(() => assert.equal(error.value, undefined));
  assert.equal(rows.value.length, 200);
});

test("where another tab runs the database now, a query is mounted with it, whatever has become of the one before", async () => {
  let changed: () => void = () => undefined;
  const asked: string[] = [];
  const live = {
    query: (sql: string, _: unknown[], told: (results: object) => void) => {
      asked.push(sql);
      const initialResults = { rows: [{ n: asked.length }], fields: [] };
      told(initialResults);
      // The first is answered, and never ended; the second is never answered.
      return asked.length === 2 ? new Promise(() => undefined) : Promise.resolve({ initialResults, unsubscribe: () => new Promise(() => undefined) });
    },
  };
  const none = () => Promise.resolve([]);
  const db = { transaction: none, query: none, exec: none, execProtocol: none, live, onLeaderChange: (listener: () => void) => ((changed = listener), () => undefined) };
  const manager = { status: "following", version: "1", on: () => () => undefined } as unknown as Replica["manager"];
  const app = createApp({ render: () => null });
  provideReplica({ manager, db }, app);
  const scope = effectScope();
  const { rows } = app.runWithContext(() => scope.run(() => useReplicaQuery("select n"))) as { rows: { value: unknown } };
  for (const n of [1, 2, 3]) {
    await soon(() => assert.deepEqual(rows.value, [{ n }]));
    changed();
  }
  scope.stop();
});

test("migrations are seen by all components alike, from their start to their end", async (t) => {
  const { inside, demo } = await world(t);
  const [one, other] = [inside(useElectricMigrations), inside(useElectricMigrations)];
  const seen: unknown[] = [];
  watch([one.isMigrating, other.isMigrating], (both) => seen.push(both), { flush: "sync" });
  const steps = new Set<string>();
  watch(other.progress, (progress) => progress && steps.add(progress.step), { flush: "sync" });

  assert.equal(await one.checkAndMigrate(), false);
  await soon(() => assert.deepEqual([one.status.value, other.status.value, one.isMigrating.value], ["ready", "ready", false]));
  assert.ok(seen.length > 0);
  assert.ok(steps.has("loading"), [...steps].join());

  await demo.deploy();
  await eventually(async () => {
    await one.checkAndMigrate();
    assert.equal(inside(useReplica).value?.manager.version, demo.newest.tag);
  });
  assert.equal(await one.runMigration(), true);
});

test("a rebuild that waits for the app is accepted from a component", async (t) => {
  const { inside, manager, demo } = await world(t, { policy: "prompt" });
  await manager.checkAndMigrate();
  const { pending, checkAndMigrate, status } = inside(useElectricMigrations);
  await demo.deploy();
  await eventually(async () => {
    await checkAndMigrate();
    assert.equal(pending.value?.to, demo.newest.tag);
  });

  assert.equal(await pending.value?.accept(), true);
  await soon(() => assert.deepEqual([pending.value, status.value], [undefined, "ready"]));
});

test("a replica that comes to nothing is an error to components, and rejects nowhere but where it is asked for", async (t) => {
  const unhandled = rejections(t);
  const { inside } = component(t, createReplicaManager({ db: {} as never }).then((manager) => ({ manager, db: {} as never })));
  const { error, checkAndMigrate, isMigrating } = inside(useElectricMigrations);
  const { rows } = inside(() => useReplicaQuery("select 1"));

  await soon(() => assert.equal(error.value?.code, "NOT_A_DATABASE"));
  await assert.rejects(checkAndMigrate(), { code: "NOT_A_DATABASE" });
  assert.deepEqual([isMigrating.value, rows.value, unhandled], [false, [], []]);
});

test("a database without live queries is an error of the query, with what it lacks", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const { manager } = await manage(t, demo, { db });
  await manager.checkAndMigrate();
  const bare = { transaction: db.transaction.bind(db), query: db.query.bind(db), exec: db.exec.bind(db), execProtocol: db.execProtocol.bind(db) };
  const { inside } = component(t, { manager, db: bare });
  const { error } = inside(() => useReplicaQuery(`select * from ${TABLE}`));
  await soon(() => assert.match(String(error.value), /extension `live`/));
});

test("the database that components are given is the one that was provided, and not reactive", async (t) => {
  const { inside, db } = await world(t);
  const replica = inside(useReplica);
  await soon(() => assert.equal(replica.value?.db, db));
  assert.equal(isReactive(replica.value), false);
});

test("what an app was given ends with it, and with it alone: the manager goes on", async (t) => {
  const { app, inside, manager, db } = await world(t);
  const { status } = inside(useElectricMigrations);
  await nextTick();
  let arrive: (replica: Replica) => void = () => undefined;
  const late = component(t, new Promise((resolve) => (arrive = resolve)));
  const replica = late.inside(useReplica);
  app.unmount();
  late.app.unmount();
  arrive({ manager, db });

  await manager.checkAndMigrate();
  await soon(() => assert.equal(manager.status, "ready"));
  assert.deepEqual([status.value, replica.value], ["idle", undefined]);
});

test("where pages are made, components find no replica and wait for none", () => {
  const app = createApp({ render: () => null });
  const seen = app.runWithContext(() => [useReplica().value, useReplicaQuery("select 1").rows.value, useElectricMigrations().isMigrating.value]);
  assert.deepEqual(seen, [undefined, [], false]);
});
