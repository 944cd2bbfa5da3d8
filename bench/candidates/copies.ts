/** COPY of what is ready before the clock starts: what PGlite can take. */
import { open } from "../database.ts";
import type { Asked } from "./asked.ts";
import { copy, createSql, keySql } from "./sql.ts";
import type { Format } from "./sql.ts";

/** COPY text of every table, as the server has it ready. */
export const texts = ({ base, tables }: Asked): Promise<Blob[]> => Promise.all(tables.map(async (table) => (await fetch(`${base}/copy/${table}`)).blob()));

/**
 * The same in COPY's binary format, which only a Postgres writes: another PGlite, in memory, of this page or process. It is closed
 * before the clock starts; but its memory has been this renderer's, so no peak is told of this candidate (bench/results.ts).
 */
export async function binaries(asked: Asked): Promise<Blob[]> {
  const scratch = await open("memory://", "recommended");
  const made: Blob[] = [];
  for (const [at, text] of (await texts(asked)).entries()) {
    const table = asked.tables[at] ?? "";
    await scratch.exec(createSql(table, ""));
    await copy(scratch, table, text, "text");
    const { blob } = await scratch.query(`copy "${table}" to '/dev/blob' with (format binary)`);
    if (!blob) throw new Error("PGlite wrote no blob");
    // Out of the memory of this PGlite, which is about to go.
    made.push(new Blob([await blob.arrayBuffer()]));
    await scratch.exec(`drop table "${table}"`);
  }
  await scratch.close();
  return made;
}

export const copied = ({ db, tables }: Asked, blobs: readonly Blob[], format: Format): Promise<void> =>
  db.transaction(async (transaction) => {
    for (const [at, table] of tables.entries()) {
      await transaction.exec(createSql(table, ""));
      await copy(transaction, table, blobs[at] ?? new Blob(), format);
      await transaction.exec(keySql(table));
    }
  });
