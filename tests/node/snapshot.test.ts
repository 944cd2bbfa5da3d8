/** A replica that is taken along as a file: what is in it, what goes on from it, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { PGlite } from "@electric-sql/pglite";
import { live } from "@electric-sql/pglite/live";
import { ReplicaError, restore } from "electric-replica";

import { snapshotOf } from "../../js/snapshot.ts";
import { contents, database, eventually, manage, serve } from "./support/world.ts";

const open = (loadDataDir: Blob) => PGlite.create({ extensions: { live }, loadDataDir });

test("a replica that is restored goes on from where it stood, and downloads no row that it has", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const first = await manage(t, demo, { db });
  await first.manager.checkAndMigrate();
  const snapshot = await first.manager.snapshot();
  await first.manager.close();
  await demo.upstream.query("delete from data_table_columns where id = (select min(id) from data_table_columns)");

  const asked: URL[] = [];
  const restored = await restore(snapshot, open);
  t.after(() => restored.close());
  const second = await manage(t, demo, {
    db: restored,
    fetch: (input, init) => {
      asked.push(new URL(input));
      return fetch(input, init);
    },
  });
  assert.equal(await second.manager.checkAndMigrate(), false);
  await eventually(async () => assert.deepEqual(await contents(restored), await contents(demo.upstream)));

  const shapes = asked.filter((url) => url.pathname.endsWith("/shape"));
  assert.ok(shapes.length > 0);
  assert.deepEqual(shapes.filter((url) => url.searchParams.get("offset") === "-1"), []);
  assert.equal(await second.manager.verify(), true);
});

test("what is taken in the middle of a rebuild is the replica before it", async (t) => {
  const demo = await serve(t, { rows: 3_000, chunkBytes: 60_000 });
  const db = await database(t);
  const { manager } = await manage(t, demo, { db });
  await manager.checkAndMigrate();
  const before = await contents(db);
  let taken: Promise<Blob> | undefined;
  manager.on("migration:progress", ({ step, rows }) => {
    if (step === "loading" && rows > 0) taken ??= manager.snapshot();
  });
  await manager.reset();
  assert.ok(taken);

  const restored = await restore(await taken, open);
  t.after(() => restored.close());
  assert.deepEqual(await contents(restored), before);
  const { manager: next } = await manage(t, demo, { db: restored });
  assert.equal(await next.checkAndMigrate(), false);
  await eventually(async () => assert.deepEqual(await contents(restored), await contents(demo.upstream)));
});

test("another owner's rows are dropped from what is restored before anything is asked", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const ada = await manage(t, demo, { db, owner: "ada" });
  await ada.manager.checkAndMigrate();
  const restored = await restore(await ada.manager.snapshot(), open);
  t.after(() => restored.close());
  const ben = await manage(t, demo, { db: restored, owner: "ben", fetch: () => Promise.reject(new TypeError("offline")) });
  await assert.rejects(ben.manager.checkAndMigrate(), { code: "SERVER_UNREACHABLE" });
  assert.deepEqual(await contents(restored), {});
});

test("what is no snapshot is refused before anything is opened", async () => {
  const gzipped = async (text: string) => new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).blob();
  const bad = [new Blob([]), new Blob(["x".repeat(600)]), new Blob([new Uint8Array([0x1f, 0x8b, 1, 2, 3])]), await gzipped("<!doctype html>"), undefined as unknown as Blob];
  for (const snapshot of bad) {
    const opened = () => assert.fail("it was opened");
    await assert.rejects(restore(snapshot, opened), (error) => error instanceof ReplicaError && error.code === "INVALID_OPTIONS");
  }
});

test("a snapshot that PGlite cannot open, and a database that cannot be dumped, are told as such", async (t) => {
  const demo = await serve(t);
  const cause = new Error("Database already exists, cannot load from tarball");
  const db = await database(t);
  const snapshot = await db.dumpDataDir("none");
  await assert.rejects(restore(snapshot, () => Promise.reject(cause)), { code: "DATABASE_FAILED", cause });

  const bare = { transaction: db.transaction.bind(db), query: db.query.bind(db), exec: db.exec.bind(db), execProtocol: db.execProtocol.bind(db) };
  const { manager } = await manage(t, demo, { db: bare });
  await assert.rejects(manager.snapshot(), { code: "NOT_A_DATABASE" });

  const failing = { ...bare, dumpDataDir: () => Promise.reject(cause) };
  const other = await manage(t, demo, { db: failing });
  await assert.rejects(other.manager.snapshot(), { code: "DATABASE_FAILED", cause });
});

test("a snapshot that is asked for while no tab runs the database is taken once one does", async () => {
  const order: string[] = [];
  let ready = (): void => undefined;
  const unused = () => Promise.reject(new Error("not asked for"));
  const db = {
    transaction: unused,
    query: unused,
    exec: unused,
    execProtocol: unused,
    waitReady: new Promise<void>((resolve) => (ready = resolve)).then(() => void order.push("ready")),
    dumpDataDir: () => (order.push("dumped"), Promise.resolve(new Blob(["taken"]))),
  };

  const taken = snapshotOf(db);
  await new Promise((resolve) => setImmediate(resolve));
  ready();

  assert.equal(await (await taken).text(), "taken");
  assert.deepEqual(order, ["ready", "dumped"]);
});
