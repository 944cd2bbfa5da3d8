/** What a real PGlite holds after the statements that src/core/ingest makes of a log, however it is cut into batches. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { emptyPostgres } from "../../www/server/empty.ts";


type Row = Record<string, string | null>;

/** Written by the test `batches` of src/core/ingest. */
interface Golden {
  columns: string[];
  key: string[];
  /** Creates the function that has an update fail which meets no row. */
  meeting: string;
  logs: {
    /** Changes a batch, at the most. */
    most: number;
    batches: string[][];
    /** The rows there are after the log, in the order of their keys. */
    rows: Row[];
  }[];
}

const golden = JSON.parse(readFileSync("tests/golden/log/batches.json", "utf8")) as Golden;

/** Values stand in the statements as literals, and what a backslash means in one is a setting of the app's session. */
const SETTINGS = ["on", "off"];

for (const [{ most, batches, rows }, conforming] of golden.logs.flatMap((log) => SETTINGS.map((setting) => [log, setting] as const))) {
  test(`a log in batches of up to ${most} leaves the rows of the log in PGlite, with standard_conforming_strings ${conforming}`, async (t) => {
    const pg = await emptyPostgres();
    t.after(() => pg.close());
    await pg.exec(`SET standard_conforming_strings = ${conforming}`);
    await pg.exec(`CREATE TABLE batched (${golden.columns.join(", ")}, PRIMARY KEY (${golden.key.join(", ")})); ${golden.meeting}`);

    for (const batch of batches) {
      await pg.exec(batch.join(";\n"));
    }

    const stored = await pg.query<Row>('SELECT c1, id::text, v::text, t::text, kind FROM batched ORDER BY kind COLLATE "C", id');
    assert.deepEqual(stored.rows, rows);
    assert.ok(rows.length > 3);
  });
}
