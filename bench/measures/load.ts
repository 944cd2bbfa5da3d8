/** How long tables take to fill. */
import { prepared } from "../candidates/index.ts";
import type { Asked } from "../candidates/asked.ts";
import type { Result, Task } from "../measure.ts";
import { counted, held, idle, read, stored, timed } from "./watch.ts";

export async function load({ candidate, load, reader }: Task, asked: Asked): Promise<Result> {
  const { db, tables } = asked;
  const perform = await prepared(candidate, asked);
  const idleMs = reader ? await idle(db) : undefined;
  const syncs = counted(db);
  const most = reader && candidate === "replica" ? held(asked) : () => undefined;
  const stop = reader ? read(db) : () => Promise.resolve([]);
  const swap = reader && candidate === "replica" ? timed(asked) : () => undefined;
  const start = performance.now();
  const end = await perform();
  const swapMs = swap();
  // Over IndexedDB it is only now that `db.transaction` has its files written out, and the app waits for that.
  if (candidate !== "fetch") await db.query(`select 1 from "${tables[0] ?? ""}" limit 1`);
  const ms = performance.now() - start;
  const seen = syncs && { ...syncs };
  const heldBytes = most();
  await stored(db);
  const storedMs = performance.now() - start;
  const waits = await stop();
  let rows = 0;
  if (candidate !== "fetch") {
    for (const table of tables) rows += (await db.query<{ n: number }>(`select count(*)::int as n from "${table}"`)).rows[0]?.n ?? 0;
    if (rows !== load.tables * load.rows) throw new Error(`${rows} rows are there`);
  }
  await end();
  return { ms, storedMs, rows, syncs: seen, waits: waits.sort((a, b) => a - b), idleMs, heldBytes, swapMs };
}
