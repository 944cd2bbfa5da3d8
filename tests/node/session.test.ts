/** In what a session is left by work that fails, with a real PGlite. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { steadyRunning } from "../../js/steady.ts";
import { Transactions } from "../../js/transactions.ts";
import { open } from "./support/op.ts";

const work = (...operations: [doing: string, sql: string][]): string =>
  JSON.stringify(["ROLLBACK", "COMMIT", "CHECKPOINT", ["change", ...operations.map(([doing, sql]) => [doing, sql, 1, false])]]);

/** A table, in a session that is as the app has left it. */
async function leftBy(t: TestContext, app: string) {
  const db = await open(t);
  await db.exec("CREATE TABLE kept (id int)");
  await db.exec(app);
  return db;
}

test("work that fails leaves the session outside of any transaction, also one that the app has left open", async (t) => {
  for (const left of ["", "BEGIN"]) {
    const db = await leftBy(t, left);

    const { text } = await new Transactions(db, steadyRunning(db)).run(work(["a", "INSERT INTO kept VALUES (1)"], ["b", "SELECT 1 / 0"]), undefined, false);

    assert.equal((JSON.parse(text) as { doing: string }).doing, "b");
    await assert.rejects(db.exec("SAVEPOINT here"), /SAVEPOINT can only be used in transaction blocks/);
    assert.deepEqual((await db.query("SELECT id FROM kept")).rows, []);
  }
});

test("work that comes through is kept, also where the app has left a transaction open", async (t) => {
  for (const left of ["", "BEGIN"]) {
    const db = await leftBy(t, left);

    const { text } = await new Transactions(db, steadyRunning(db)).run(work(["a", "INSERT INTO kept VALUES (1)"], ["b", "SELECT id::text FROM kept"]), undefined, false);
    await db.exec("ROLLBACK");

    assert.deepEqual(JSON.parse(text), [[], [["1"]]]);
    assert.deepEqual((await db.query("SELECT id FROM kept")).rows, [{ id: 1 }]);
  }
});
