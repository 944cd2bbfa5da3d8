/** The SQL that the core writes, and a real PGlite to run it in. `tests/golden/op/statements.json` is written by the core's own test. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { PGlite } from "@electric-sql/pglite";
import { live } from "@electric-sql/pglite/live";

import { running } from "../../../js/texts.ts";
import { emptyPostgres } from "../../../www/server/empty.ts";

interface Statement {
  sql: string;
  rows: string | null;
}
export type Transaction = Statement[];
export type Rows = (string | null)[][];
export type Row = Record<string, unknown>;

interface Golden {
  verify: Transaction;
  seal: Transaction;
  before: Transaction;
  after: Transaction;
  count: Transaction;
  fed: Transaction;
  keep: Transaction;
  readPrevious: Transaction;
  ensureHome: Transaction;
  readRecord: Transaction;
  first: Transaction[];
  second: Transaction[];
  third: Transaction[];
  kinds: Transaction[];
  live: Transaction;
  lostPosition: Transaction;
  countUsers: Transaction;
  measure: Transaction;
  readExtendMethod: Transaction;
  subscriptions: Transaction;
  inspectFirst: Transaction;
  inspectSecond: Transaction;
  inspectKinds: Transaction;
  findLost: Transaction;
  dropLeft: Transaction;
  drop: Transaction;
  purge: Transaction;
}

/** Where the core's SQL and what a database answered to it are. */
export const directory = join(import.meta.dirname, "..", "..", "golden", "op");
export const golden = JSON.parse(readFileSync(join(directory, "statements.json"), "utf8")) as Golden;

/** Opens a database in memory that is closed with the test. */
export async function open(t: TestContext) {
  const db = await emptyPostgres({ extensions: { live } });
  t.after(() => db.close());
  return db;
}

/** Opens what another database has on its files, as a page does that is loaded anew. */
export async function opened(t: TestContext, loadDataDir: File | Blob) {
  const db = await PGlite.create({ loadDataDir, extensions: { live } });
  t.after(() => db.close());
  return db;
}

/** Runs each list of statements as one text, as the host does. The rows are those of the last statement. */
export async function run(db: PGlite, ...transactions: Transaction[]): Promise<Rows> {
  let rows: Rows = [];
  for (const statements of transactions.flatMap(loadedOneByOne)) {
    const text = statements.map(({ sql }) => sql).join(";\n");
    const loaded = statements.find((statement) => statement.rows !== null)?.rows ?? undefined;
    const results = await running(db)({ sql: text, rows: loaded === undefined ? undefined : new TextEncoder().encode(loaded), writing: "written" });
    assert.equal(results.length, statements.length, "one result a statement");
    rows = results.at(-1) ?? [];
  }
  return rows;
}

/** A text has one `STDIN`: several loads are as many texts. */
function loadedOneByOne(statements: Transaction): Transaction[] {
  const texts: Transaction[] = [[]];
  for (const statement of statements) {
    const loads = texts.at(-1)?.some((earlier) => earlier.rows !== null) ?? false;
    if (statement.rows !== null && loads) texts.push([]);
    texts.at(-1)?.push(statement);
  }
  return texts;
}

/** The rows of one query. */
export async function select(db: Pick<PGlite, "query">, sql: string): Promise<Row[]> {
  return (await db.query<Row>(sql)).rows;
}
