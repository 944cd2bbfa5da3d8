/** A text beside an app's own work on the same real database. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { live } from "@electric-sql/pglite/live";

import { running } from "../../js/texts.ts";
import { emptyPostgres } from "../../www/server/empty.ts";
import { soon } from "./support/world.ts";

test("a live query that is being mounted when a change comes is told of it", async (t) => {
  const db = await emptyPostgres({ extensions: { live } });
  t.after(() => db.close());
  await db.exec("create table rows (n int)");
  const seen: unknown[] = [];
  // The change waits for the transaction in which the query is set up; PGlite is not ready to hear of it at that one's very end.
  const mounting = db.live.query<{ count: number }>("select count(*)::int as count from rows", [], ({ rows }) => void seen.push(rows[0]?.count));
  const changed = running(db)({ sql: "insert into rows values (1);\nCOMMIT", writing: "written" });
  await Promise.all([mounting, changed]);
  await soon(() => assert.equal(seen.at(-1), 1));
});
