/**
 * How long changes take to be in sight once the server has committed them: from its release until a query meets the row that the last
 * of them inserts. Then the whole table is compared with what the server says: a wrong end is no figure.
 */
import { MARKER } from "../marker.ts";
import { contentSql } from "../checksum.ts";
import type { Content } from "../checksum.ts";
import { prepared } from "../candidates/index.ts";
import type { Asked } from "../candidates/asked.ts";
import type { Result, Task } from "../measure.ts";
import { counted, stored } from "./watch.ts";

/** Between the end of one look for the marker and the next. */
const LOOK_MS = 5;
/** Until a candidate that has loaded has its live request at the server. */
const FOLLOWING_MS = 1_000;
const GIVE_UP_MS = 180_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function live({ candidate }: Task, asked: Asked): Promise<Result> {
  const { base, db } = asked;
  const table = asked.tables[0] ?? "";
  const end = await (await prepared(candidate, asked))();
  await pause(FOLLOWING_MS);
  const syncs = counted(db);
  const waits: number[] = [];
  const look = async (): Promise<boolean> => {
    const start = performance.now();
    const { rows } = await db.query(`select 1 from "${table}" where id = '${MARKER}'`);
    waits.push(performance.now() - start);
    return rows.length > 0;
  };
  const start = performance.now();
  const told = fetch(`${base}/release`, { method: "POST" });
  while (!(await look())) {
    if (performance.now() - start > GIVE_UP_MS) throw new Error("the changes did not come");
    await pause(LOOK_MS);
  }
  const ms = performance.now() - start;
  const seen = syncs && { ...syncs };
  await stored(db);
  const storedMs = performance.now() - start;
  const expected = (await (await told).json()) as Content;
  const found = (await db.query<Content>(contentSql(table))).rows[0];
  if (found?.rows !== expected.rows || found.sum !== expected.sum) {
    throw new Error(`the table ended with ${found?.rows ?? 0} rows and the sum ${found?.sum ?? "of none"}, the server's with ${expected.rows} and ${expected.sum}`);
  }
  await end();
  return { ms, storedMs, rows: found.rows, syncs: seen, waits: waits.sort((a, b) => a - b) };
}
