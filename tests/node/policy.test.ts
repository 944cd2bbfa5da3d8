/** The app's say in a rebuild: policies, hooks, and what its code reads, over a real PGlite. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { MigrationPending, ReplicaOptions, ReplicaState, UpcomingMigration, UpdateNeeded } from "electric-replica";
import { drizzleFolder, expectsOf } from "electric-replica/server";

import { contents, database, eventually, manage, serve } from "./support/world.ts";

type Chosen = Partial<ReplicaOptions>;

/** A replica that is followed, and a server that has since been migrated. */
async function migrated(t: Parameters<typeof serve>[0], options: Chosen) {
  const demo = await serve(t);
  const db = await database(t);
  const world = await manage(t, demo, { db, ...options });
  assert.equal(await world.manager.checkAndMigrate(), false);
  const initial = world.manager.version ?? "";
  assert.equal((await demo.deploy())?.tag, "0001_column_description");
  return { ...world, demo, db, initial, pending: () => world.events.filter((event): event is MigrationPending => event.type === "migration:pending") };
}

const whole = (db: Parameters<typeof contents>[0], demo: { upstream: Parameters<typeof contents>[0] }) =>
  eventually(async () => assert.deepEqual(await contents(db), await contents(demo.upstream)));

test("prompt tells what would happen, and rebuilds when the app accepts", async (t) => {
  const { manager, db, demo, initial, pending, told } = await migrated(t, { policy: "prompt" });

  assert.equal(await manager.checkAndMigrate(), false);
  assert.equal(manager.version, initial);
  assert.equal(manager.status, "outdated");
  const [question] = pending();
  assert.ok(question);
  assert.equal(question.from, initial);
  assert.deepEqual(question.tables, ["data_table_columns"]);
  assert.equal(told().filter((type) => type === "migration:start").length, 1);

  assert.equal(await question.accept(), true);
  assert.equal(manager.version, question.to);
  await whole(db, demo);
});

test("what was accepted once is not accepted for ever", async (t) => {
  const { manager, demo, pending } = await migrated(t, { policy: "prompt" });
  await manager.checkAndMigrate();
  const [question] = pending();
  assert.equal(await question?.accept(), true);
  assert.equal(await question?.accept(), false);

  await demo.deploy();
  assert.equal(await manager.checkAndMigrate(), false);
  assert.equal(pending().at(-1)?.to, "0002_drop_legacy_code");
  assert.equal(manager.version, "0001_column_description");
});

test("what was accepted and failed for good is asked about again", async (t) => {
  let fails = true;
  const onBefore = () => {
    if (fails) throw new Error("of the app");
  };
  const { manager, pending } = await migrated(t, { policy: "prompt", onBefore });
  await manager.checkAndMigrate();
  await assert.rejects(async () => pending().at(-1)?.accept(), { code: "HOOK_FAILED" });
  fails = false;
  const asked = pending().length;

  assert.equal(await manager.checkAndMigrate(), false);
  assert.equal(pending().length, asked + 1);
});

test("manual rebuilds by runMigration, whose call is no question", async (t) => {
  const { manager, db, demo, pending } = await migrated(t, { policy: "manual" });
  assert.equal(await manager.checkAndMigrate(), false);
  const asked = pending().length;
  assert.ok(asked > 0);

  assert.equal(await manager.runMigration(), true);
  assert.equal(pending().length, asked);
  await whole(db, demo);
});

test("when-idle rebuilds where nothing says that a page is idle", async (t) => {
  const { manager, db, demo } = await migrated(t, { policy: "when-idle" });
  await manager.checkAndMigrate();
  await whole(db, demo);
});

test("onBefore may veto with a promise, and onAfter sees both replicas", async (t) => {
  const calls: string[] = [];
  let veto = true;
  const onBefore = (old: ReplicaState, { from, to, strategy }: UpcomingMigration) => {
    calls.push(`before ${old.version} ${old.tables.length > 0}: ${from ?? "none"} to ${to}, ${strategy}`);
    return Promise.resolve(!veto);
  };
  const onAfter = (old: ReplicaState | null, now: ReplicaState) => {
    calls.push(`after ${old?.version ?? "none"} ${now.version} ${now.tables.length > 0}`);
  };
  const { manager, db, demo, initial } = await migrated(t, { onBefore, onAfter });

  assert.equal(await manager.checkAndMigrate(), false);
  assert.equal(manager.status, "outdated");
  veto = false;
  assert.equal(await manager.checkAndMigrate(), true);
  // Electric may tell of the migration before anybody calls: then it is asked once more.
  const different = calls.filter((call, at) => call !== calls[at - 1]);
  const before = `before ${initial} true: ${initial} to 0001_column_description, swap`;
  assert.deepEqual(different, [`after none ${initial} true`, before, `after ${initial} 0001_column_description true`]);
  await whole(db, demo);
});

test("a hook that throws is HOOK_FAILED with its cause, and leaves the old replica", async (t) => {
  const thrown = new Error("the app's own");
  let fallback: unknown;
  const options: Chosen = {
    onBefore: () => {
      throw thrown;
    },
    onFallback: (error) => {
      fallback = error;
    },
  };
  const { manager, db } = await migrated(t, options);
  const [before, rows] = [manager.version, await contents(db)];

  await assert.rejects(manager.checkAndMigrate(), { code: "HOOK_FAILED", cause: thrown, retryable: false });

  assert.equal((fallback as { code: string }).code, "HOOK_FAILED");
  assert.equal(manager.version, before);
  assert.deepEqual(await contents(db), rows);
});

test("a veto holds for what is forced, too", async (t) => {
  const { manager } = await migrated(t, { onBefore: () => false });
  assert.equal(await manager.runMigration(), false);
});

test("a check in the background answers before the rebuild is done", async (t) => {
  const { manager, db, demo, told } = await migrated(t, {});
  assert.equal(await manager.checkAndMigrate({ background: true }), false);
  assert.equal(told().filter((type) => type === "migration:complete").length, 1);
  await whole(db, demo);
  await eventually(() => {
    assert.equal(told().filter((type) => type === "migration:complete").length, 2);
    return Promise.resolve();
  });
});

test("a server behind the code is told of, and followed", async (t) => {
  const demo = await serve(t);
  const { manager, events } = await manage(t, demo, { db: await database(t), expects: { users: ["id", "robots"], robots: ["id"] } });
  assert.equal(await manager.checkAndMigrate(), false);
  const needed = events.filter((event): event is UpdateNeeded => event.type === "update-needed");
  const [{ direction, missing, kept } = assert.fail()] = needed;
  assert.deepEqual([direction, missing, kept], ["server-behind", ["users.robots", "robots"], false]);
  assert.equal(manager.status, "ready");
});

/** The schema that code was built for before any of the later migrations was made. */
const BUILT_FOR = drizzleFolder("www/database/drizzle", { upTo: () => 0 });

const needs = (events: { type: string }[]) => events.filter((event): event is UpdateNeeded => event.type === "update-needed");

test("code built for a schema is fit for one that has grown, and keeps its replica where one has shrunk", async (t) => {
  const { manager, demo, events } = await migrated(t, { expects: await expectsOf(BUILT_FOR) });
  assert.equal(await manager.checkAndMigrate(), true);
  assert.equal(manager.version, "0001_column_description");
  assert.deepEqual(needs(events), []);

  assert.equal((await demo.deploy())?.tag, "0002_drop_legacy_code");
  assert.equal(await manager.checkAndMigrate(), false);
  assert.equal(manager.version, "0001_column_description");
  assert.equal(manager.status, "outdated");
  const [{ direction, missing, kept } = assert.fail()] = needs(events);
  assert.deepEqual([direction, missing, kept], ["app-too-old", ["data_table_columns.legacy_code"], true]);
});

test("code built for one structure alone keeps its replica where the schema has grown", async (t) => {
  const { fingerprint } = await BUILT_FOR.read();
  assert.ok(fingerprint);
  const { manager, initial, events } = await migrated(t, { expects: fingerprint });
  assert.deepEqual(needs(events), []);
  assert.equal(await manager.checkAndMigrate(), false);
  assert.equal(manager.version, initial);
  const [{ direction, missing, kept } = assert.fail()] = needs(events);
  assert.deepEqual([direction, missing, kept], ["app-too-old", [], true]);
});
