/** Rows that are somebody's in a real PGlite, and dropping everything, whatever the record says. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { ownerKey } from "../../js/owner.ts";
import { check, rejection } from "./support/broken.ts";
import { Locks } from "./support/locks.ts";
import { contents, database, eventually, manage, serve } from "./support/world.ts";

const ADA = "ada@example.org";
const BEN = "ben@example.org";
/** What a library that owns tables may leave behind. */
const LEFT = `select 'table' as kind, oid::regclass::text as name from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
  union all select 'type', oid::regtype::text from pg_type where typtype = 'e'
  union all select 'schema', nspname from pg_namespace where nspname like 'electric_replica_%'
  union all select 'rows', t.name from (values ('replica', (select count(*) from electric_replica.replica)), ('shapes', (select count(*) from electric_replica.shapes)),
    ('previous', (select count(*) from electric_replica.previous)), ('previous_shapes', (select count(*) from electric_replica.previous_shapes))) t (name, n) where n > 0
  order by 1, 2`;
/** What an app has beside the replica. */
const OWN = "create type own_kind as enum ('a'); create table mine (id int primary key, kind column_kind, own own_kind); insert into mine values (1, 'text', 'a')";
const KEPT = [
  { kind: "table", name: "mine" },
  { kind: "type", name: "column_kind" },
  { kind: "type", name: "own_kind" },
];

test("an owner is stored as the beginning of a SHA-256, however long the name is", () => {
  for (let length = 1; length < 200; length += 1) {
    const owner = "é".repeat(length % 5) + "x".repeat(length);
    assert.equal(ownerKey(owner), createHash("sha256").update(`electric-replica owner: ${owner}`).digest("hex").slice(0, 32));
  }
});

test("another owner's rows are dropped before anything is asked, with no network, and loaded anew", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const first = await manage(t, demo, { db, owner: ADA });
  assert.equal(await first.manager.checkAndMigrate(), false);
  await db.exec(OWN);
  const stored = JSON.stringify([(await db.query("select * from electric_replica.replica")).rows, (await db.query("select * from electric_replica.shapes")).rows]);
  assert.ok(stored.includes(ownerKey(ADA)) && !stored.includes("ada"), "a name is not stored");
  await first.manager.close();

  let online = false;
  const cut = (url: string, init: RequestInit) => (online ? fetch(url, init) : Promise.reject(new TypeError("no network")));
  const second = await manage(t, demo, { db, owner: BEN, fetch: cut });
  check(await rejection(second.manager.checkAndMigrate()), "SERVER_UNREACHABLE", true);

  assert.deepEqual((await db.query(LEFT)).rows, KEPT);
  assert.deepEqual((await db.query("select id, kind::text, own::text from mine")).rows, [{ id: 1, kind: "text", own: "a" }]);
  const seen = second.events.map((event) => (event.type === "status" ? event.status : event.type));
  assert.deepEqual(seen, ["checking", "purged", "migration:error", "error"]);
  assert.deepEqual(second.events.find((event) => event.type === "purged"), { type: "purged", reason: "owner" });

  online = true;
  assert.equal(await second.manager.checkAndMigrate(), false);
  assert.equal(second.manager.status, "ready");
  const { mine: _, ...rows } = await contents(db);
  assert.deepEqual(rows, await contents(demo.upstream));
  await second.manager.close();

  // The same one again is shown what is there.
  online = false;
  const third = await manage(t, demo, { db, owner: BEN, fetch: cut });
  assert.equal(await third.manager.checkAndMigrate(), false);
  assert.equal(third.manager.status, "offline");
});

for (const [what, harm] of Object.entries({
  "as it was written": "select",
  lost: "delete from electric_replica.replica; delete from electric_replica.shapes",
  "with a manifest that is none": "update electric_replica.replica set manifest = '{'",
  "without its shapes": "delete from electric_replica.shapes",
  "of another release": "alter table electric_replica.replica rename column choice to chosen",
  "without what drops it": "drop function electric_replica.purge_1(text)",
  gone: "drop schema electric_replica cascade",
})) {
  test(`a purge leaves nothing behind where the record is ${what}`, async (t) => {
    const demo = await serve(t);
    const db = await database(t);
    const { manager } = await manage(t, demo, { db, keepPreviousMs: 600_000 });
    await manager.checkAndMigrate();
    await demo.deploy();
    await manager.checkAndMigrate();
    await db.exec(OWN);
    const mounted = await db.live.query("select * from data_table_columns", []);
    await db.exec(harm);

    await manager.purge();

    assert.deepEqual((await db.query(LEFT)).rows, KEPT);
    assert.deepEqual((await db.query("select name from pg_prepared_statements where name like 'live_query_%'")).rows, []);
    assert.equal(manager.version, undefined);
    await mounted.unsubscribe().catch(() => undefined);
    assert.equal(await manager.checkAndMigrate(), false);
    await eventually(async () => {
      const { mine: _, ...rows } = await contents(db);
      assert.deepEqual(rows, await contents(demo.upstream));
    });
  });
}

test("a tab that follows is told that the rows were dropped, because they were another's or because it called for that itself", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const before = await manage(t, demo, { db, owner: ADA });
  await before.manager.checkAndMigrate();
  await before.manager.close();

  const { navigator } = globalThis;
  Object.defineProperty(globalThis, "navigator", { value: { locks: new Locks().of("a tab") }, configurable: true });
  t.after(() => Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true }));
  const shared = { db, owner: BEN, lockName: "two tabs" };
  const first = await manage(t, demo, shared);
  const second = await manage(t, demo, shared);
  const purges = () => [first, second].map(({ events }) => events.flatMap((event) => (event.type === "purged" ? [event.reason] : [])));
  await first.manager.checkAndMigrate();
  await second.manager.checkAndMigrate();
  assert.deepEqual([first.manager.status, second.manager.status], ["ready", "following"]);
  await eventually(() => Promise.resolve().then(() => assert.deepEqual(purges(), [["owner"], ["owner"]])));

  await second.manager.purge();
  await eventually(() => Promise.resolve().then(() => assert.deepEqual(purges(), [["owner", "called"], ["owner", "called"]])));
  assert.deepEqual((await db.query(LEFT)).rows, []);
  assert.deepEqual([first, second].map(({ manager }) => manager.version), [undefined, undefined]);
});
