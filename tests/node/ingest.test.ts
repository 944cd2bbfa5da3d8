/** What a real PGlite reads back of the COPY text and the statements that src/core/ingest makes of shape bodies. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { PGlite } from "@electric-sql/pglite";

import { running } from "../../js/texts.ts";

/** Written by the test `golden` of src/core/ingest. */
interface Golden {
  table: string;
  enums: Record<string, string[]>;
  columns: { name: string; quoted: string; type: string }[];
  key: string[];
  /** What Electric sends. */
  body: string;
  copy: string;
  /** Changes after which the table holds the body's rows. */
  statements: string[];
  /** Creates the function that has an update fail which meets no row. */
  meeting: string;
}

type Row = Record<string, string | null>;

const FOLDER = "tests/golden/ingest";
const goldens = readdirSync(FOLDER).map((file) => JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Golden);

let pg: PGlite;

before(async () => {
  pg = await PGlite.create();
  await pg.exec(`SET timezone = 'UTC'; CREATE SCHEMA copied; CREATE SCHEMA changed;`);
  const enums = new Map(goldens.flatMap((golden) => Object.entries(golden.enums)));
  for (const [name, labels] of enums) {
    await pg.exec(`CREATE TYPE ${name} AS ENUM (${labels.map((label) => `'${label.replaceAll("'", "''")}'`).join(", ")})`);
  }
});

after(() => pg.close());

void test("there is something to show to PGlite", () => {
  assert.ok(goldens.length >= 4);
});

for (const golden of goldens) {
  void test(`PGlite reads back of the COPY text what the body says: ${golden.table}`, async () => {
    await create("copied", golden);

    const columns = golden.columns.map((column) => column.quoted).join(", ");
    await running(pg)({ sql: `COPY copied.${golden.table} (${columns}) FROM STDIN`, rows: new TextEncoder().encode(golden.copy), writing: "written" });

    assert.deepEqual(await stored("copied", golden), sorted(said(golden), golden));
  });

  void test(`PGlite holds after the statements what the body says: ${golden.table}`, async () => {
    await create("changed", golden);

    await pg.exec([golden.meeting, ...golden.statements].join(";\n"));

    assert.deepEqual(await stored("changed", golden), sorted(said(golden), golden));
  });
}

async function create(schema: string, { table, columns, key }: Golden): Promise<void> {
  const lines = [...columns.map(({ quoted, type }) => `${quoted} ${type}`), `PRIMARY KEY (${key.join(", ")})`];
  await pg.exec(`CREATE TABLE ${schema}.${table} (${lines.join(", ")})`);
}

/** The body's rows as JSON.parse reads them. */
function said({ body }: Golden): Row[] {
  return (JSON.parse(body) as { value: Row }[]).map(({ value }) => value);
}

async function stored(schema: string, golden: Golden): Promise<Row[]> {
  const columns = golden.columns.map(({ quoted }) => `${quoted}::text AS ${quoted}`).join(", ");
  const { rows } = await pg.query<Row>(`SELECT ${columns} FROM ${schema}.${golden.table}`);
  return sorted(rows, golden);
}

function sorted(rows: Row[], { columns }: Golden): Row[] {
  const written = (row: Row): string => JSON.stringify(columns.map(({ name }) => row[name] ?? null));
  return rows.map((row) => ({ text: written(row), row: { ...row } })).sort((a, b) => (a.text < b.text ? -1 : 1)).map(({ row }) => row);
}
