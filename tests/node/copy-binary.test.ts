/** What a real PGlite makes of the same rows in both of COPY's formats, as src/core/ingest writes them. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { PGlite } from "@electric-sql/pglite";

import { running } from "../../js/texts.ts";

/** Written by the test `golden` of src/core/ingest/copy_binary. Columns are called `c0`, `c1`, …; the first is the key. */
interface Golden {
  name: string;
  types: string[];
  /** What Electric sends. */
  rows: (string | null)[][];
  /** Whether Postgres writes each value as it stands in the rows. */
  usual: boolean;
  text: { table: string; sql: string; data: string };
  binary: { table: string; sql: string; hex: string };
}

const FOLDER = "tests/golden/copy-binary";
const STAGING = "electric_replica_staging";
const goldens = readdirSync(FOLDER).map((file) => {
  const golden = JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Omit<Golden, "name">;
  return { ...golden, name: file.replace(".json", "") };
});

let pg: PGlite;

before(async () => {
  pg = await PGlite.create();
  await pg.exec(`CREATE SCHEMA ${STAGING}; CREATE TYPE public.mood AS ENUM ('ok', 'it''s', 'a, "b" \\'); SET timezone = 'UTC'`);
});

after(() => pg.close());

void test("there is something to show to PGlite, of every kind", () => {
  assert.deepEqual(goldens.map(({ name }) => name).sort(), ["characters", "loose", "moments", "numbers", "usual"]);
});

for (const golden of goldens) {
  void test(`PGlite holds the same of COPY binary as of COPY text: ${golden.name}`, async () => {
    const { text, binary, types, rows } = golden;
    await load(text.table, types, text.sql, new TextEncoder().encode(text.data));
    await load(binary.table, types, binary.sql, Buffer.from(binary.hex, "hex"));

    for (const { table } of [text, binary]) assert.equal((await stored(table, types)).length, rows.length);
    for (const [place, type] of types.entries()) {
      const [one, other] = [`one.c${place}`, `other.c${place}`];
      // json has no equality, and is its text.
      const unequal = type === "json" ? "false" : `${one} IS DISTINCT FROM ${other}`;
      const differing = await pg.query(
        `SELECT one.c0, ${one}::text AS text, ${other}::text AS binary, pg_column_size(${one}) AS text_size, pg_column_size(${other}) AS binary_size
         FROM ${STAGING}.${text.table} one FULL JOIN ${STAGING}.${binary.table} other ON one.c0 = other.c0
         WHERE ${one}::text IS DISTINCT FROM ${other}::text OR ${unequal} OR pg_column_size(${one}) IS DISTINCT FROM pg_column_size(${other})`,
      );
      assert.deepEqual(differing.rows, [], type);
    }
    const held = await stored(binary.table, types);
    for (const [place, row] of rows.entries()) if (golden.usual) assert.deepEqual(held[place], row);
  });
}

async function load(table: string, types: string[], sql: string, rows: Uint8Array): Promise<void> {
  const columns = types.map((type, place) => `c${place} ${type}`);
  await pg.exec(`CREATE TABLE ${STAGING}.${table} (${columns.join(", ")})`);
  await running(pg)({ sql, rows, writing: "written" });
}

/** The table's rows, each value in Postgres' own text. */
async function stored(table: string, types: string[]): Promise<(string | null)[][]> {
  const columns = types.map((_, place) => `c${place}::text`).join(", ");
  const { rows } = await pg.query<(string | null)[]>(`SELECT ${columns} FROM ${STAGING}.${table} ORDER BY ${table}.c0`, [], { rowMode: "array" });
  return rows;
}
