/**
 * Tries one PGlite: whether the built package works with it at all, and what becomes of live queries that are mounted
 * while the server migrates. Prints one line of JSON; `scripts/matrix.mjs` runs it for each release.
 *
 *     node --import tsx tests/compatibility/probe.ts FOLDER
 */
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { createReplicaManager, type ReplicaDatabase, type ReplicaEvent } from "electric-replica";

import { type Demo, startDemo } from "../../www/server/demo.ts";
import { contents, eventually } from "../node/support/world.ts";
import { kinds, type Live, Mounted } from "./mounted.ts";

/** What came of each thing that was tried: nothing for well, else why not. */
export interface Report {
  postgres: string;
  outcomes: Record<string, string | null>;
  /** Whether a migration said that it left tables to queries which it could not bring over. */
  left: boolean;
}

type Database = Omit<ReplicaDatabase, "query"> & { live: Live; query(sql: string): Promise<{ rows: unknown[] }> };

/** Nothing that works takes longer, in milliseconds, on a machine that has other things to do as well. */
const PATIENCE_MS = 120_000;
const TABLE = "data_table_columns";

const folder = resolve(process.argv[2] ?? "node_modules/@electric-sql/pglite");
const outcomes: Report["outcomes"] = {};
const unhandled: unknown[] = [];
let left = false;
process.on("unhandledRejection", (reason) => unhandled.push(reason));

let postgres = "";
const demo = await startDemo({ rows: 50, longPollMs: 1_000, noticeMs: 200 });
await attempt("opens", async () => {
  const db = await open();
  postgres = ((await db.query("show server_version")).rows[0] as { server_version: string }).server_version;
  await tryAll(db);
});
process.stdout.write(`${JSON.stringify({ postgres, outcomes, left } satisfies Report)}\n`);
// Some releases leave something behind that keeps Node alive.
process.exit(0);

async function open(): Promise<Database> {
  const { PGlite } = (await import(pathToFileURL(join(folder, "dist", "index.js")).href)) as { PGlite: { create(options: object): Promise<Database> } };
  const { live } = (await import(pathToFileURL(join(folder, "dist", "live", "index.js")).href)) as { live: unknown };
  return PGlite.create({ extensions: { live } });
}

async function tryAll(db: Database): Promise<void> {
  const manager = await createReplicaManager({ db, baseUrl: `${demo.url}/api/electric`, limits: { spreadMs: 0 } }); // alone with its server
  const failures: ReplicaEvent[] = [];
  manager.on("migration:error", (event) => failures.push(event));
  manager.on("migration:complete", (event) => (left ||= ((event as { left?: string[] }).left?.length ?? 0) > 0));

  const started = await attempt("first start", async () => {
    await manager.checkAndMigrate();
    assert.deepEqual(await contents(db), await contents(demo.upstream), "the rows are not the server's");
  });
  if (!started) return;
  const queries = await Promise.all(kinds.map(async (kind) => [kind.name, await Mounted.of(kind, db.live, TABLE)] as const));
  const tail = () => follows(demo, db);
  await attempt("tail", tail);

  await attempt("migrations", async () => {
    for (let migration = await demo.deploy(); migration !== undefined; migration = await demo.deploy()) {
      const { tag } = migration;
      // A check that was under way already may have asked before.
      await eventually(async () => {
        await manager.checkAndMigrate();
        assert.equal(manager.version, tag, "the version is not the server's");
      }, PATIENCE_MS);
      await tail();
      const columns = await columnsOf(db);
      // Each query by itself: one that stays behind is told below.
      await Promise.all(queries.map(([, query]) => query.has(columns, PATIENCE_MS / 20).catch(() => undefined)));
    }
    assert.deepEqual(failures, [], "a migration failed");
  });
  const columns = await columnsOf(db);
  const names = (await query<{ name: string }>(db, `select name from ${TABLE} order by id`)).map((row) => row.name);
  for (const [name, mounted] of queries) {
    await attempt(name, async () => {
      await mounted.has(columns, PATIENCE_MS / 20);
      await eventually(() => {
        assert.deepEqual(mounted.names(), names, "the rows are not those of the table");
        return Promise.resolve();
      }, PATIENCE_MS / 20);
      assert.equal(mounted.emptied, 0, "a result was empty");
    });
  }
  await attempt("no unhandled rejection", () => {
    assert.deepEqual(unhandled.map(String), []);
    return Promise.resolve();
  });
}

/** Waits until a write of the server has arrived. */
async function follows(server: Demo, db: Database): Promise<void> {
  await server.upstream.query(`update ${TABLE} set name = name || '.' where id = (select min(id) from ${TABLE})`);
  await eventually(async () => assert.deepEqual(await contents(db), await contents(server.upstream), "the rows are not the server's"), PATIENCE_MS);
}

async function columnsOf(db: Database): Promise<string[]> {
  const rows = await query<{ name: string }>(
    db,
    `select attname::text as name from pg_attribute where attrelid = '${TABLE}'::regclass and attnum > 0 and not attisdropped order by 1`,
  );
  return rows.map(({ name }) => name);
}

async function query<Row>(db: Database, sql: string): Promise<Row[]> {
  return (await db.query(sql)).rows as Row[];
}

/** Does it, and notes how it ended. Answers whether well. */
async function attempt(what: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    outcomes[what] = null;
    return true;
  } catch (thrown) {
    outcomes[what] = (thrown instanceof Error ? thrown.message : String(thrown)).split("\n")[0] ?? "";
    return false;
  }
}
