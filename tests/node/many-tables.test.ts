/** Staging of so many tables that it is made in several transactions, where one of them is the last. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { createReplicaManager } from "electric-replica";

import { Served } from "../../bench/served.ts";
import { emptyPostgres } from "../../www/server/empty.ts";

const TABLES = 30;
const ROWS = 3;

/** A server of thirty tables, a database, and what it was told to make. */
async function world(t: TestContext) {
  const load = new Served({ tables: TABLES, rows: ROWS });
  const db = await emptyPostgres();
  t.after(() => db.close());
  const run = db.execProtocol.bind(db);
  /** What happens at the last table, and how many tables each text makes. */
  const met = { last: (): Promise<void> => Promise.resolve(), made: [] as number[] };
  db.execProtocol = async (message, options) => {
    const text = new TextDecoder().decode(message);
    const made = [...text.matchAll(/CREATE TABLE "electric_replica_staging"."items_(\d+)"/g)].map(([, nth]) => Number(nth));
    if (made.length > 0) met.made.push(made.length);
    if (made.includes(TABLES - 1)) await met.last();
    return run(message, options);
  };
  const answer = async (url: URL, signal: AbortSignal): Promise<Response> => {
    if (url.pathname.endsWith("/version")) return Response.json(JSON.parse(load.version()));
    if (url.pathname.endsWith("/schemas")) return Response.json(JSON.parse(load.schemas()));
    const { body, ...head } = await load.shape(url.searchParams, signal);
    return new Response(body.toString(), { ...head, headers: { "content-type": "application/json", ...head.headers } });
  };
  const open = async (strategy: "swap" | "in-place" = "swap") => {
    const fetch: typeof globalThis.fetch = (input, init) => {
      const { url, signal } = new Request(input, init);
      return answer(new URL(url), signal);
    };
    const manager = await createReplicaManager({ db, baseUrl: "http://thirty.test", lockName: false, strategy, fetch });
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

const refuse = () => Promise.reject(Object.assign(new Error("no"), { code: "58000" }));
const allow = () => Promise.resolve();

/** Asserts that tables were made in several texts, none of which takes more files than a database may have ahead. */
function madeInParts(made: number[]): void {
  assert.ok(made.length > 1 && Math.max(...made) <= 16, made.join(", "));
}

test("a first replica of thirty tables is built after the last part of its staging failed", async (t) => {
  const { met, open, counted } = await world(t);
  met.last = refuse;
  const manager = await open();
  await assert.rejects(manager.checkAndMigrate(), { code: "DATABASE_FAILED" });
  madeInParts(met.made);

  met.last = allow;
  await manager.checkAndMigrate();
  assert.deepEqual(await counted(), ALL);
});

for (const strategy of ["swap", "in-place"] as const) {
  test(`${strategy}: tables are read while others are made in their place, also after the last part of those failed`, async (t) => {
    const { met, open, counted } = await world(t);
    const manager = await open(strategy);
    await manager.checkAndMigrate();

    met.made.length = 0;
    met.last = refuse;
    await assert.rejects(manager.runMigration(), { code: "DATABASE_FAILED" });
    madeInParts(met.made);
    assert.deepEqual(await counted(), ALL);

    met.last = allow;
    await manager.runMigration();
    assert.deepEqual(await counted(), ALL);
  });
}
