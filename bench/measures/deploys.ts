/**
 * What new versions of the schema cost in bytes: one of the same structure, then one in which the first table has one more column.
 * The server counts what it sends, until the call has resolved.
 */
import type { Asked } from "../candidates/asked.ts";
import { manager } from "../candidates/replica.ts";
import type { Fetched, Result } from "../measure.ts";
import type { Deploy, Tally } from "../served.ts";
import { timed } from "./watch.ts";

export async function deploys(asked: Asked): Promise<Result> {
  const { base, db } = asked;
  const made = await manager(asked);
  const post = (what: string): Promise<Response> => fetch(`${base}/${what}`, { method: "POST" });
  const fetched = async (migrates: () => Promise<unknown>): Promise<Fetched> => {
    const tally = async (): Promise<Tally> => (await fetch(`${base}/tally`)).json() as Promise<Tally>;
    const before = await tally();
    await migrates();
    const after = await tally();
    return { bytes: after.shapeBytes - before.shapeBytes, rows: after.shapeRows - before.shapeRows };
  };
  const deployed = async (deploy: Deploy): Promise<Fetched> => {
    await post(`deploy?kind=${deploy}`);
    return fetched(() => made.checkAndMigrate());
  };
  const first = await fetched(() => made.checkAndMigrate());
  const same = await deployed("same");
  const swap = timed(asked);
  const start = performance.now();
  const column = await deployed("column");
  const ms = performance.now() - start;
  const swapMs = swap();
  const table = asked.tables[0] ?? "";
  const { rows } = await db.query<{ n: number; added: number }>(`select count(*)::int as n, count(extra)::int as added from "${table}"`);
  const [found] = rows;
  if (found === undefined || found.added === 0) throw new Error("the column did not come");
  await made.close();
  return { ms, storedMs: ms, rows: found.n, waits: [], swapMs, deploys: { first, same, column } };
}
