/** What the core's seals tell of a table, in a real PGlite: its structure, and whether it is still the same one. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { PGlite } from "@electric-sql/pglite";

import { golden, open, run, select } from "./support/op.ts";

test("a seal holds until something that a reader could see of its table changes", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first);
  const [verify] = golden.verify;
  assert.ok(verify);
  // Not in a transaction of its own, which would end the one below.
  const holds = async () => (await select(db, verify.sql)).map((row) => row.table_name).sort();
  assert.deepEqual(await holds(), [], "what was never sealed");
  await run(db, golden.seal);
  assert.deepEqual(await holds(), ["companies", "gone", "users"]);

  for (const [change, broken] of [
    ["ALTER TABLE users ADD note text", ["users"]],
    ["ALTER TABLE users DROP email", ["users"]],
    ["ALTER TABLE users RENAME email TO mail", ["users"]],
    ["ALTER TABLE users ALTER email TYPE varchar(90)", ["users"]],
    ["ALTER TABLE users ALTER id TYPE bigint", ["users"]],
    ["ALTER TABLE users ALTER email DROP NOT NULL", ["users"]],
    ["ALTER TABLE users DROP CONSTRAINT users_pkey", ["users"]],
    ["ALTER TABLE gone RENAME TO went", ["gone"]],
    ["DROP TABLE companies", ["companies"]],
    ["DROP TABLE gone; CREATE VIEW gone AS SELECT 1 AS id", ["gone"]],
    ["ALTER TYPE mood ADD VALUE 'new'", ["companies", "users"]],
    ["CREATE INDEX more ON users (email); INSERT INTO users (id, email) VALUES (7, 'g@x')", []],
    ["CREATE SCHEMA elsewhere; SET search_path TO elsewhere", []],
  ] as const) {
    const rest = ["companies", "gone", "users"].filter((name) => !(broken as readonly string[]).includes(name));
    await db.exec("BEGIN");
    await db.exec(change);
    assert.deepEqual(await holds(), rest, change);
    await db.exec("ROLLBACK");
  }
  assert.deepEqual(await holds(), ["companies", "gone", "users"]);
});

const FOREIGN = [
  ["TRUNCATE users", ["users"]],
  ["DROP TABLE companies; CREATE TABLE companies (id bigint PRIMARY KEY, \"Name\" text, mood mood)", ["companies"]],
  ["ALTER TABLE gone RENAME TO went; ALTER TABLE went RENAME TO gone", []],
  ["CREATE SCHEMA elsewhere; ALTER TABLE gone SET SCHEMA elsewhere; ALTER TABLE elsewhere.gone SET SCHEMA public", []],
  ["CREATE INDEX more ON users (email); DROP INDEX more; REINDEX TABLE users; ANALYZE users", []],
  ["ALTER TABLE gone DROP CONSTRAINT gone_pkey, ADD PRIMARY KEY (id)", []],
] as const;

test("a seal breaks where other code empties its table or makes it anew, and by nothing that this library does", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first, golden.seal);
  const [verify] = golden.verify;
  assert.ok(verify);
  const holds = async () => (await select(db, verify.sql)).map((row) => row.table_name).sort();
  for (const [change, broken] of FOREIGN) {
    await db.exec("BEGIN");
    await db.exec(change);
    assert.deepEqual(await holds(), ["companies", "gone", "users"].filter((name) => !(broken as readonly string[]).includes(name)), change);
    await db.exec("ROLLBACK");
  }
  for (const harmless of ["VACUUM", "CHECKPOINT", "BEGIN; TRUNCATE users; ROLLBACK"]) await db.exec(harmless);
  assert.deepEqual(await holds(), ["companies", "gone", "users"]);
  await db.exec("VACUUM FULL gone");
  assert.deepEqual(await holds(), ["companies", "users"], "rewriting a table is taken for emptying it");
});

test("a table that a rebuild leaves alone keeps the seal it had, whatever became of it meanwhile", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first, golden.seal);
  await run(db, ...golden.second);
  assert.deepEqual(await run(db, golden.verify), [["companies"]], "what was put in place is not sealed by the way");

  const emptied = await open(t);
  await run(emptied, ...golden.first, golden.seal);
  await emptied.exec("TRUNCATE companies");
  await run(emptied, ...golden.second);
  assert.deepEqual(await run(emptied, golden.verify), []);
});

test("what the app's own sync empties stays sealed", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first, golden.fed, golden.seal);
  await db.exec("TRUNCATE users; ALTER TABLE gone ADD note text");
  assert.deepEqual((await run(db, golden.verify)).flat().sort(), ["companies", "users"]);
});

test("a kept table that other code empties is none to go back to", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first, golden.seal, golden.keep);
  await db.exec("ALTER TABLE users SET SCHEMA electric_replica_previous; ALTER TABLE gone SET SCHEMA electric_replica_previous");
  const kept = await run(db, golden.readPrevious);
  assert.deepEqual(kept.map((row) => row[7]), ["gone", "users"]);
  assert.ok(kept[0]?.[5]?.includes('"users"'), "the manifest stands in the first row");

  await db.exec("TRUNCATE electric_replica_previous.gone");
  assert.deepEqual(await run(db, golden.readPrevious), []);
});

test("a seal holds in a database that is opened again, and in one restored from a dump of its directory", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "replica-seal-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const sealed = await PGlite.create(directory);
  await run(sealed, ...golden.first, golden.seal);
  const dump = await sealed.dumpDataDir("none");
  await sealed.close();

  const again = await PGlite.create(directory);
  t.after(() => again.close());
  const restored = await PGlite.create({ loadDataDir: dump });
  t.after(() => restored.close());
  for (const db of [again, restored]) {
    assert.deepEqual((await run(db, golden.verify)).flat().sort(), ["companies", "gone", "users"]);
    await db.exec("TRUNCATE gone");
    assert.deepEqual((await run(db, golden.verify)).flat().sort(), ["companies", "users"]);
  }
});
