/**
 * The SQL that the core writes, in a real PGlite: tables, record, and the swap under mounted live queries.
 *
 * `tests/golden/op/statements.json` is written by the core's own test, which also reads `answers.json`: what this
 * database answers is what the core understands. `UPDATE_GOLDEN=1` writes the answers anew.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

import { PGlite, type Results } from "@electric-sql/pglite";

import { replicaStartParams } from "../../js/start-params.ts";
import { directory, golden, open, opened, run, select, type Row, type Rows, type Transaction } from "./support/op.ts";
import { rejections } from "./support/rejections.ts";

type Recorded = "recordNone" | "recordFirst" | "recordSecond" | "inspectFirst" | "inspectSecond" | "inspectKinds";

const answersFile = join(directory, "answers.json");
const update = process.env["UPDATE_GOLDEN"] !== undefined;
const answers: Partial<Record<Recorded, Rows>> = update
  ? {}
  : (JSON.parse(readFileSync(answersFile, "utf8")) as Record<Recorded, Rows>);

after(() => {
  if (update) writeFileSync(answersFile, `${JSON.stringify(answers, null, 1)}\n`);
});

/** The statements of a transaction up to those of its swap, whose answer is then the last. */
function swapOf(transaction: Transaction): Transaction {
  return transaction.slice(0, transaction.findIndex(({ sql }) => sql.startsWith("SELECT current_setting")) + 1);
}

/** Compares with the recorded answer, or records it. */
function check(key: Recorded, rows: Rows): void {
  for (const cell of rows.flat()) assert.ok(cell === null || typeof cell === "string", "all that is read is text");
  answers[key] ??= rows;
  assert.deepEqual(rows, answers[key]);
}

/** Unmounts live queries, after the refreshes that are under way: PGlite does not wait for them. */
async function end(mounted: { refresh: () => Promise<unknown>; unsubscribe: () => Promise<unknown> }[]): Promise<void> {
  for (const query of mounted) {
    await query.refresh();
    await query.refresh(); // a windowed query that counts anew asks once more
    await query.unsubscribe();
  }
}

/** Remembers what a live query delivered, and waits for a delivery that satisfies. */
class Deliveries {
  readonly seen: Row[][] = [];
  readonly #waiting: { wanted: (rows: Row[]) => boolean; resolve: () => void }[] = [];

  readonly receive = ({ rows }: Pick<Results<Row>, "rows">): void => {
    this.seen.push(rows);
    for (const { wanted, resolve } of this.#waiting) if (wanted(rows)) resolve();
  };

  async until(wanted: (rows: Row[]) => boolean): Promise<void> {
    const last = this.seen.at(-1);
    if (last !== undefined && wanted(last)) return;
    await new Promise<void>((resolve) => this.#waiting.push({ wanted, resolve }));
  }
}

const NEW_USERS = [
  { id: 1, email: "a@x", mood: "sad", score: "2.50" },
  { id: 4, email: "d@x", mood: "it's ok", score: "7.00" },
];

test("a first replica stands with its rows, its keys and its record", async (t) => {
  const db = await open(t);
  await run(db, golden.ensureHome);
  check("recordNone", await run(db, golden.readRecord));
  await run(db, ...golden.first);

  assert.deepEqual(await select(db, "SELECT id, email, mood, tags FROM users ORDER BY id"), [
    { id: 1, email: "a@x", mood: "sad", tags: ["a", "b c"] },
    { id: 2, email: "b\tx", mood: "it's ok", tags: null },
  ]);
  assert.deepEqual(await select(db, `SELECT id::text, "Name" FROM companies`), [{ id: "9007199254740993", Name: "Acme" }]);
  await assert.rejects(db.query("INSERT INTO users (id, email) VALUES (1, 'twice')"), { code: "23505" });
  assert.deepEqual(await run(db, golden.countUsers), [["2"]]);
  check("recordFirst", await run(db, golden.readRecord));
  check("inspectFirst", await run(db, golden.inspectFirst));
});

test("the functions beside the record are such as Postgres would make with its checks, which it does in any other transaction", async (t) => {
  const db = await open(t);
  await run(db, golden.ensureHome);

  assert.deepEqual((await db.query("show check_function_bodies")).rows, [{ check_function_bodies: "on" }]);
  const made = await db.query<{ again: string }>("select pg_get_functiondef(oid) as again from pg_proc where pronamespace = 'electric_replica'::regnamespace");
  assert.equal(made.rows.length, 3);
  for (const { again } of made.rows) await db.exec(again);
});

test("a rehearsal leaves the pages that the first record stands on, and no record", async (t) => {
  const db = await open(t);
  const pages = async () => (await select(db, "SELECT pg_relation_size('electric_replica.replica')::int AS replica, pg_relation_size('electric_replica.shapes')::int AS shapes"))[0];
  await run(db, golden.ensureHome);
  assert.deepEqual(await pages(), { replica: 0, shapes: 0 });

  const [stage, ...rest] = golden.first;
  assert.ok(stage);
  await run(db, stage);
  assert.deepEqual(await select(db, "SELECT FROM electric_replica.replica UNION ALL SELECT FROM electric_replica.shapes"), []);
  const rehearsed = await pages();
  await run(db, ...rest);
  assert.deepEqual(await pages(), rehearsed);
  check("recordFirst", await run(db, golden.readRecord));
});

test("a rehearsal leaves the record that is there as it is", async (t) => {
  const db = await open(t);
  await run(db, golden.ensureHome, ...golden.first);
  const before = await run(db, golden.readRecord);
  const [stage] = golden.second;
  assert.ok(stage);
  await run(db, stage);
  assert.deepEqual(await run(db, golden.readRecord), before);
});

test("what tables take is measured, and what an earlier rebuild has left in staging", async (t) => {
  const db = await open(t);
  await run(db, golden.ensureHome, ...golden.first);
  const [users, staged, ...rest] = await run(db, golden.measure);
  assert.deepEqual([users?.[0], staged, rest], ["users", [null, null], []]);
  assert.ok(Number(users?.[1]) >= 3 * 8_192, "with its indexes");

  const [stage] = golden.second;
  assert.ok(stage);
  await run(db, stage);
  const [, left] = await run(db, golden.measure);
  assert.equal(left?.[0], null);
  assert.ok(Number(left[1]) >= 3 * 8_192, "with its indexes");
});

test("how files are made larger is told, and is another where PGlite is started as this library recommends", async (t) => {
  const started = async (startParams: string[]) => {
    const db = await PGlite.create({ startParams });
    t.after(() => db.close());
    return run(db, golden.readExtendMethod);
  };
  assert.deepEqual(await started(PGlite.defaultStartParams), [["posix_fallocate"]]);
  assert.deepEqual(await started([...PGlite.defaultStartParams, ...replicaStartParams]), [["write_zeros"]]);
});

test("a database that is started as this library recommends keeps its log small, and fills no new file of it with zeros", async (t) => {
  const db = await PGlite.create({ startParams: [...PGlite.defaultStartParams, ...replicaStartParams] });
  t.after(() => db.close());
  const expected = { max_wal_size: "64MB", min_wal_size: "32MB", wal_init_zero: "off", wal_recycle: "off" };
  const { rows } = await db.query<{ name: string; value: string }>("select name, current_setting(name) as value from pg_settings where name = any($1)", [Object.keys(expected)]);
  assert.deepEqual(Object.fromEntries(rows.map(({ name, value }) => [name, value])), expected);
});

test("an index that this Postgres cannot have is left out, and uniqueness is the server's business", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first);

  const indexes = await select(db, "SELECT indexname AS name FROM pg_indexes WHERE tablename = 'users' ORDER BY 1");
  assert.deepEqual(indexes.map(({ name }) => name), ["users_email_idx", "users_pkey", "users_tags_idx"]);
  await db.query("INSERT INTO users (id, email) VALUES (9, 'a@x')");
});

test("mounted live queries of every kind go on with the new rows and columns", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first);
  const [query, windowed, incremental, joined] = Array.from({ length: 4 }, () => new Deliveries()) as [
    Deliveries, Deliveries, Deliveries, Deliveries,
  ];
  const sql = "SELECT * FROM users ORDER BY id";
  const mounted = [
    await db.live.query<Row>(sql, [], query.receive),
    await db.live.query<Row>({ query: sql, offset: 0, limit: 9, callback: windowed.receive }),
    await db.live.incrementalQuery<Row>(sql, [], "id", incremental.receive),
    await db.live.query<Row>(`SELECT u.email, c."Name" FROM users u JOIN companies c USING (mood)`, [], joined.receive),
  ];

  await run(db, ...golden.second);
  const isNew = (rows: Row[]) => rows.length === 2 && rows.every((row) => "score" in row && !("tags" in row));
  await Promise.all([query, windowed, incremental].map((deliveries) => deliveries.until(isNew)));
  for (const { seen } of [query, windowed, incremental]) assert.deepEqual(seen.at(-1), NEW_USERS);
  await joined.until((rows) => rows.length === 1);

  await db.query("INSERT INTO users (id, email) VALUES (8, 'later@x')");
  const isLater = (rows: Row[]) => rows.some(({ email }) => email === "later@x");
  await Promise.all([query, windowed, incremental].map((deliveries) => deliveries.until(isLater)));
  for (const { seen } of [query, windowed, incremental, joined]) {
    assert.ok(seen.every((rows) => rows.length > 0), "no reader saw an empty table");
  }
  const unused = `SELECT proname FROM pg_proc p WHERE proname LIKE '\\_notify\\_%'
    AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgfoid = p.oid)`;
  assert.deepEqual(await select(db, unused), [], "the old tables' trigger functions went with them");
  await end(mounted);
});

/** Asks again until PGlite has done what it was told to; it tells nobody when that is. */
async function lost(db: Parameters<typeof run>[0], expected: number): Promise<Rows> {
  for (;;) {
    const rows = await run(db, golden.findLost);
    if (rows.length === expected) return rows;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("live queries are looked for after a swap, and those that no longer fit are named with what they lack", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first);
  const failures = rejections(t);
  const seen = new Deliveries();
  const mounted = [await db.live.query<Row>("SELECT * FROM users ORDER BY id", [], seen.receive)];
  assert.deepEqual(await run(db, golden.findLost), [], "before any swap");
  for (const sql of ["SELECT id, tags FROM users", "SELECT * FROM gone", `SELECT c."Name", g.id FROM companies c, gone g`]) {
    await db.live.query<Row>(sql, [], () => undefined);
  }
  await db.live.query<Row>("SELECT id FROM companies", [], () => undefined);

  await run(db, ...golden.second);
  const rows = await lost(db, 3);
  assert.ok(rows.every(([view]) => /^live_query_[0-9a-f]{32}_view$/.test(view ?? "")));
  assert.deepEqual(rows.map(([, tables, missing]) => [tables, missing]).sort(), [
    ['["gone"]', '["gone"]'],
    ['["gone"]', '["gone"]'],
    ['["users"]', '["users.tags"]'],
  ]);
  await seen.until((delivered) => delivered.some((row) => "score" in row));
  assert.deepEqual(failures, ['error: column "tags" does not exist'], "a removed table's channel is left alone");
  await end(mounted);
});

test("a temporary view of another make keeps its tables until it is gone, and the app's own views are made anew", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first);
  await db.exec(`CREATE VIEW mails AS SELECT email, mood FROM users;
    CREATE TEMP VIEW watched_1 AS SELECT id, tags, mood FROM users; PREPARE watched_1_get AS SELECT * FROM watched_1;
    CREATE TEMP VIEW watched_2 AS SELECT email FROM mails; LISTEN users_changed`);
  const seen = new Deliveries();
  const known = await db.live.query<Row>("SELECT email FROM mails ORDER BY 1", [], seen.receive);
  const before = await select(db, "EXECUTE watched_1_get");

  const answer = await run(db, golden.second[0] as Transaction, swapOf(golden.second[1] as Transaction));
  assert.deepEqual(answer, [['["users"]', "true"]]);
  assert.deepEqual(await select(db, "EXECUTE watched_1_get"), before, "the rows it read before");
  assert.deepEqual(await select(db, "SELECT * FROM watched_2 ORDER BY 1"), [{ email: "a@x" }, { email: "b\tx" }]);
  assert.deepEqual(await select(db, "SELECT * FROM users ORDER BY id"), NEW_USERS);
  assert.deepEqual(await select(db, "SELECT email FROM mails ORDER BY 1"), [{ email: "a@x" }, { email: "d@x" }]);
  await seen.until((rows) => rows.some(({ email }) => email === "d@x"));

  const schemas = "SELECT count(*)::int AS n FROM pg_namespace WHERE nspname LIKE 'electric\\_replica\\_left%'";
  await run(db, golden.dropLeft);
  assert.deepEqual(await select(db, schemas), [{ n: 1 }], "while it is read");
  await db.exec("DROP VIEW watched_1, watched_2");
  await run(db, golden.dropLeft);
  assert.deepEqual(await select(db, schemas), [{ n: 0 }]);
  await end([known]);
});

test("views of a page that has ended keep no table: they stand in the catalogue, and read nothing any more", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first);
  await db.exec("CREATE TEMP VIEW watched_1 AS SELECT id FROM users");
  await db.live.query("SELECT id FROM users", [], () => undefined);
  const due = async (of: typeof db) => (await run(of, golden.readRecord))[0]?.[16];
  const schemas = "SELECT count(*)::int AS n FROM pg_namespace WHERE nspname LIKE 'electric\\_replica\\_left%'";

  // A page that is loaded anew has the files, and another session.
  const next = await opened(t, await db.dumpDataDir("none"));
  assert.notDeepEqual(await select(next, "SELECT relname FROM pg_class WHERE relpersistence = 't'"), []);
  assert.deepEqual(await run(next, golden.second[0] as Transaction, swapOf(golden.second[1] as Transaction)), [["[]", "false"]]);
  assert.deepEqual([await select(next, schemas), await due(next)], [[{ n: 0 }], null]);

  await run(db, golden.second[0] as Transaction, swapOf(golden.second[1] as Transaction));
  assert.deepEqual([await select(db, schemas), await due(db)], [[{ n: 1 }], null], "what is read is not due");
  const last = await opened(t, await db.dumpDataDir("none"));
  assert.equal(await due(last), "0");
  await run(last, golden.dropLeft);
  assert.deepEqual([await select(last, schemas), await due(last)], [[{ n: 0 }], null]);
});

test("a live query that waits on a channel of another name is left alone: PGlite up to 0.3.13 names them after tables", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first);
  const name = `live_query_${"0123456789abcdef".repeat(2)}`;
  await db.exec(`CREATE TEMP VIEW ${name}_view AS SELECT id FROM users; PREPARE ${name}_get AS SELECT * FROM ${name}_view;
    LISTEN table_change__public__users`);

  const answer = await run(db, golden.second[0] as Transaction, swapOf(golden.second[1] as Transaction));
  assert.deepEqual(answer, [['["users"]', "false"]]);
  assert.deepEqual(await select(db, `EXECUTE ${name}_get`), [{ id: 1 }, { id: 2 }]);
});

test("a live query on a table that stays is not touched", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first);
  const kept = new Deliveries();
  const mounted = await db.live.query<Row>(`SELECT "Name" FROM companies ORDER BY id`, [], kept.receive);
  const prepared = "SELECT name FROM pg_prepared_statements WHERE name LIKE 'live_query_%'";
  const before = await select(db, prepared);

  await run(db, ...golden.second);
  assert.equal(before.length, 1);
  assert.deepEqual(await select(db, prepared), before);
  await db.query(`INSERT INTO companies (id, "Name") VALUES (9007199254740994, 'Next')`);
  await kept.until((rows) => rows.length === 2);
  assert.equal(kept.seen.length, 2);
  await end([mounted]);
});

test("a swap leaves what the manifest says: tables, indexes, enums, record", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first, ...golden.second);

  assert.deepEqual(await select(db, "SELECT * FROM users ORDER BY id"), NEW_USERS);
  assert.deepEqual(await select(db, "SELECT id, kind::text, kinds::text FROM fresh ORDER BY id"), [
    { id: 1, kind: "a", kinds: "{a,NULL}" },
    { id: 2, kind: "a", kinds: "{a,a}" },
  ]);
  const relations = await select(
    db,
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') ORDER BY relname COLLATE "C"`,
  );
  assert.deepEqual(relations.map(({ name }) => name), [
    "companies", "companies_name_idx", "companies_pkey", "fresh", "fresh_pkey", "users", "users_email_idx", "users_pkey",
  ]);
  assert.deepEqual(await select(db, "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('electric_replica_staging')"), []);
  check("recordSecond", await run(db, golden.readRecord));
  check("inspectSecond", await run(db, golden.inspectSecond));
});

test("the app's own views survive a swap unless they no longer fit", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first);
  await db.exec(`
    CREATE VIEW addresses WITH (security_barrier=true) AS SELECT id, email FROM users;
    CREATE SCHEMA reports; CREATE VIEW reports."Many addresses" AS SELECT count(*)::int AS n FROM addresses;
    CREATE MATERIALIZED VIEW once AS SELECT email FROM users;
    CREATE VIEW tagged AS SELECT tags FROM users;
    CREATE VIEW firms AS SELECT id FROM companies;
    CREATE VIEW unrelated AS SELECT 1 AS one;
  `);
  const seen = new Deliveries();
  const mounted = await db.live.query<Row>("SELECT email FROM addresses ORDER BY id", [], seen.receive);

  await run(db, ...golden.second);
  assert.deepEqual(await select(db, `SELECT n FROM reports."Many addresses"`), [{ n: 2 }]);
  assert.deepEqual(await select(db, "SELECT email FROM once ORDER BY 1"), [{ email: "a@x" }, { email: "d@x" }]);
  const views = await select(db, `SELECT relname AS name, reloptions AS options FROM pg_class WHERE relkind = 'v'
    AND relnamespace = 'public'::regnamespace ORDER BY 1`);
  assert.deepEqual(views, [
    { name: "addresses", options: ["security_barrier=true"] },
    { name: "firms", options: null },
    { name: "unrelated", options: null },
  ]);
  await seen.until((rows) => rows.some(({ email }) => email === "d@x"));
  await end([mounted]);
});

test("an enum with other labels moves, and a table of the app's own that uses the old one stays whole", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first, ...golden.second);
  await db.exec("CREATE TABLE diary (day int, mood mood); INSERT INTO diary VALUES (1, 'sad')");

  await run(db, ...golden.third);
  assert.deepEqual(await select(db, "SELECT u.mood::text, c.mood::text AS other FROM users u, companies c"), [
    { mood: "glad", other: "glad" },
  ]);
  assert.deepEqual(await select(db, "SELECT day, mood::text FROM diary"), [{ day: 1, mood: "sad" }]);
  await db.query("SELECT 'glad'::mood");
});

test("live changes and their positions are applied, and a position of no shape is refused", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first, ...golden.second, ...golden.third, golden.live);

  assert.deepEqual(await select(db, "SELECT mood::text FROM users"), [{ mood: "sad" }]);
  const shapes = await select(db, "SELECT handle, shape_offset, lsn, announced FROM electric_replica.shapes WHERE table_name = 'users'");
  assert.deepEqual(shapes, [{ handle: "h", shape_offset: "5_2", lsn: "5", announced: '{"id":{}}' }]);
  await assert.rejects(run(db, golden.lostPosition), /a change met no row of the replica/);
});

test("a swap that fails leaves everything as it was", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first);
  const seen = new Deliveries();
  const mounted = await db.live.query<Row>("SELECT id FROM users ORDER BY id", [], seen.receive);
  await db.exec("CREATE TABLE fresh (theirs int)"); // in the way, and no plan has claimed it

  const [stage, swap] = golden.second as [Transaction, Transaction];
  await run(db, stage);
  await assert.rejects(run(db, swap), { code: "42P07" });
  check("recordFirst", await run(db, golden.readRecord));
  check("inspectFirst", await run(db, golden.inspectFirst));
  await db.query("DELETE FROM users WHERE id = 1");
  await seen.until((rows) => rows.length === 1);
  await end([mounted]);
});

test("every type of Postgres' own is created and inspected as it was named, in a schema of any name", async (t) => {
  const db = await open(t);
  await run(db, ...golden.kinds);
  check("inspectKinds", await run(db, golden.inspectKinds));
});

test("dropping takes what it is given and nothing else", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first, ...golden.second);
  await db.exec("CREATE TABLE mine (id int)");

  await run(db, golden.drop);
  assert.deepEqual(await select(db, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"), [{ tablename: "mine" }]);
});

test("a purge takes what is the library's, in its own tables or marked, and nothing else", async (t) => {
  const db = await open(t);
  await run(db, ...golden.first, ...golden.second);
  await db.exec(`CREATE TABLE mine (id int, mood mood); CREATE TABLE fresh_too (LIKE fresh INCLUDING ALL);
    COMMENT ON TABLE fresh IS NULL; DELETE FROM electric_replica.shapes WHERE table_name = 'users'; CREATE SCHEMA electric_replica_previous`);

  assert.ok(Number((await run(db, golden.purge.slice(0, 1)))[0]?.[0]) > 0);
  assert.deepEqual(await select(db, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"), [{ tablename: "fresh_too" }, { tablename: "mine" }]);
  assert.deepEqual(await select(db, "SELECT typname FROM pg_type WHERE typtype = 'e' ORDER BY 1"), [{ typname: "kind" }, { typname: "mood" }]);
  assert.deepEqual(await select(db, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'electric\\_%'"), [{ nspname: "electric_replica" }]);
  check("recordNone", await run(db, golden.readRecord));
  await db.exec("DROP TABLE mine, fresh_too");
  assert.deepEqual(await run(db, golden.purge.slice(0, 1)), [[null]]);
  assert.deepEqual(await select(db, "SELECT typname FROM pg_type WHERE typtype = 'e'"), []);
});

test("subscriptions of the app's own sync are forgotten by key, where there are any", async (t) => {
  const db = await open(t);
  await run(db, golden.subscriptions);
  await db.exec(`CREATE SCHEMA electric; CREATE TABLE electric.subscriptions_metadata (key text PRIMARY KEY, last_lsn text NOT NULL);
    INSERT INTO electric.subscriptions_metadata VALUES ('it''s mine', '1'), ('other', '2'), ('another''s', '3')`);

  await run(db, golden.subscriptions);
  assert.deepEqual(await select(db, "SELECT key FROM electric.subscriptions_metadata"), [{ key: "another's" }]);
});

test("tables of another release of this library are forgotten, not read", async (t) => {
  const db = await open(t);
  for (const change of ["shapes DROP COLUMN lsn", "replica ADD COLUMN x int"]) {
    await run(db, ...golden.first);
    await db.exec(`ALTER TABLE electric_replica.${change}`);

    await run(db, golden.ensureHome);
    check("recordNone", await run(db, golden.readRecord));
    await db.exec("DROP TABLE users, companies, gone; DROP TYPE mood");
  }
});
