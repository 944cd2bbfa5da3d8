/** A text beside an app's own work on the same real database. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { live } from "@electric-sql/pglite/live";

import { running, type Text } from "../../js/texts.ts";
import type { ReplicaDatabase } from "../../js/types.ts";
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

type Lock = (run: () => Promise<void>) => Promise<void>;

/** What looks like a PGliteWorker, and answers every text with nothing. */
const shared = (transaction: Lock, query: Lock): ReplicaDatabase =>
  Object.assign(Object.create(null) as ReplicaDatabase, {
    execProtocol: () => Promise.resolve({ messages: [] }),
    _checkReady: () => Promise.resolve(),
    _runExclusiveTransaction: transaction,
    _runExclusiveQuery: query,
  });
const free: Lock = (run) => run();
const TEXT = { sql: "select 1", writing: "unwritten" } as const;

test("what nobody sees is left unwritten over IndexedDB alone: elsewhere PGlite opens new files only as it writes", async () => {
  const wrote = async (dataDir: string | undefined, writing: Text["writing"]) => {
    const asked: unknown[] = [];
    const execProtocol = (_message: Uint8Array, { syncToFs }: { syncToFs?: boolean } = {}) => (asked.push(syncToFs), Promise.resolve({ messages: [] }));
    await running(Object.assign(shared(free, free), { dataDir, execProtocol }))({ sql: "select 1", writing });
    return asked;
  };
  assert.deepEqual(await wrote("idb://app", "unseen"), [false]);
  for (const dataDir of ["opfs-ahp://app", "memory://", "file:///app", undefined]) assert.deepEqual(await wrote(dataDir, "unseen"), [true], dataDir);
  for (const dataDir of ["idb://app", "opfs-ahp://app"]) {
    assert.deepEqual(await wrote(dataDir, "unwritten"), [false], dataDir);
    assert.deepEqual(await wrote(dataDir, "written"), [true], dataDir);
  }
});

test("whoever waits for a text does not wait until its locks are let go", async () => {
  let left = 0;
  const neverAnswered: Lock = async (run) => {
    await run();
    left += 1;
    await new Promise(() => undefined);
  };
  assert.deepEqual(await running(shared(neverAnswered, neverAnswered))(TEXT), []);
  await soon(() => assert.equal(left, 2, "both are told to"));
});

test("a lock that cannot be had is told, and keeps no other", async () => {
  const gone: Lock = () => Promise.reject(new Error("gone"));
  let left = 0;
  const counted: Lock = async (run) => {
    await run();
    left += 1;
  };
  await assert.rejects(running(shared(counted, gone))(TEXT), /gone/);
  await soon(() => assert.equal(left, 1));
  await assert.rejects(running(shared(gone, free))(TEXT), /gone/);
  await assert.rejects(
    running(shared(free, free))(TEXT, () => {
      throw new Error("another leads");
    }),
    /another leads/,
  );
});
