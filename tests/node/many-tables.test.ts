/** Staging of so many tables that it is made in several transactions, where one of them is the last. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { createReplicaManager } from "electric-replica";

import { Served } from "../../bench/served.ts";
import { emptyPostgres } from "../../www/server/empty.ts";

const TABLES = 30;
const ROWS = 3;

/** A server of thirty tables, a database, and what is done to the text that makes the last of them. */
async function world(t: TestContext) {
  const load = new Served({ tables: TABLES, rows: ROWS });
  const db = await emptyPostgres();
  t.after(() => db.close());
  const run = db.execProtocol.bind(db);
  /** How many texts had made tables when the last was to begin, each time. */
  const met = { lastPart: (): Promise<void> => Promise.resolve(), before: [] as number[] };
  let texts = 0;
  db.execProtocol = async (message, options) => {
    const text = new TextDecoder().decode(message);
    if (text.includes(`CREATE TABLE "electric_replica_staging"."items_${TABLES - 1}"`)) {
      met.before.push(texts);
      await met.lastPart();
    }
    if (text.includes(`CREATE TABLE "electric_replica_staging"."items_`)) texts += 1;
    return run(message, options);
  };
  const answer = async (url: URL, signal: AbortSignal): Promise<Response> => {
    if (url.pathname.endsWith("/version")) return Response.json(JSON.parse(load.version()));
    if (url.pathname.endsWith("/schemas")) return Response.json(JSON.parse(load.schemas()));
    const { body, ...head } = await load.shape(url.searchParams, signal);
    return new Response(body.toString(), { ...head, headers: { "content-type": "application/json", ...head.headers } });
  };
  const open = async () => {
    const fetch: typeof globalThis.fetch = (input, init) => {
      const { url, signal } = new Request(input, init);
      return answer(new URL(url), signal);
    };
    const manager = await createReplicaManager({ db, baseUrl: "http://thirty.test", lockName: false, fetch });
    t.after(() => manager.close());
    return manager;
  };
  const counted = async (): Promise<number[]> => {
    const names = Array.from({ length: TABLES }, (_, nth) => `select ${nth} as nth, count(*)::int as rows from items_${nth}`);
    const { rows } = await db.query<{ rows: number }>(`${names.join(" union all ")} order by nth`);
    return rows.map(({ rows }) => rows);
  };
  return { db, met, open, counted };
}

const ALL = Array.from({ length: TABLES }, () => ROWS);

test("a first replica of thirty tables is built after the last part of its staging failed", async (t) => {
  const { met, open, counted } = await world(t);
  met.lastPart = () => Promise.reject(Object.assign(new Error("no"), { code: "58000" }));
  const manager = await open();
  await assert.rejects(manager.checkAndMigrate(), { code: "DATABASE_FAILED" });
  assert.ok((met.before[0] ?? 0) > 0, "others were made before");

  met.lastPart = () => Promise.resolve();
  await manager.checkAndMigrate();
  assert.deepEqual(await counted(), ALL);
});

test("thirty tables are read while others are made in their place, also after the last part of those failed", async (t) => {
  const { met, open, counted } = await world(t);
  const manager = await open();
  await manager.checkAndMigrate();

  met.lastPart = () => Promise.reject(Object.assign(new Error("no"), { code: "58000" }));
  await assert.rejects(manager.runMigration(), { code: "DATABASE_FAILED" });
  assert.ok((met.before[1] ?? 0) > (met.before[0] ?? 0) + 1, "others were made before");
  assert.deepEqual(await counted(), ALL);

  met.lastPart = () => Promise.resolve();
  await manager.runMigration();
  assert.deepEqual(await counted(), ALL);
});
