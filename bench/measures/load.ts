/** How long tables take to fill. */
import { prepared } from "../candidates/index.ts";
import type { Asked } from "../candidates/asked.ts";
import type { Result, Task } from "../measure.ts";
import { counted, read, stored, timed } from "./watch.ts";

export async function load({ candidate, load, reader }: Task, asked: Asked): Promise<Result> {
  const { db, tables } = asked;
  const perform = await prepared(candidate, asked);
  const syncs = counted(db);
  const stop = reader ? read(db) : () => Promise.resolve([]);
  const swap = reader && candidate === "replica" ? timed(asked) : () => undefined;
  const start = performance.now();
  const end = await perform();
  const ms = performance.now() - start;
  const seen = syncs && { ...syncs };
  const swapMs = swap();
  await stored(db);
  const storedMs = performance.now() - start;
  const waits = await stop();
  let rows = 0;
  if (candidate !== "fetch") {
    for (const table of tables) rows += (await db.query<{ n: number }>(`select count(*)::int as n from "${table}"`)).rows[0]?.n ?? 0;
    if (rows !== load.tables * load.rows) throw new Error(`${rows} rows are there`);
  }
  await end();
  return { ms, storedMs, rows, syncs: seen, waits: waits.sort((a, b) => a - b), swapMs };
}
