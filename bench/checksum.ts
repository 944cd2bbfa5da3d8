/**
 * Whether a table is what the server says it is: the sum of a hash of every row, which asks for no order and holds no more than a row.
 *
 * Owns: how a row is written to be hashed, here and in SQL. Must not know: who compares. Pure, but the page never hashes: SQL does.
 */
import { COLUMNS } from "./rows.ts";
import type { Values } from "./rows.ts";

/** What a table holds: so many rows, with this sum. */
export interface Content {
  rows: number;
  sum: string;
}

const NONE = "<null>";

/** The text of a row that is hashed. */
export const hashed = (values: Values): string => COLUMNS.map(({ name }) => values[name] ?? NONE).join("|");

/** The query that answers a {@link Content}. A timestamp is written as the rows write it, whatever the session's time zone. */
export function contentSql(table: string): string {
  const cells = COLUMNS.map(({ name, type }) => {
    const text = type === "timestamptz" ? `to_char("${name}" at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'` : `"${name}"::text`;
    return `coalesce(${text}, '${NONE}')`;
  });
  const hash = `('x' || left(md5(concat_ws('|', ${cells.join(", ")})), 8))::bit(32)::bigint`;
  return `select count(*)::int as rows, coalesce(sum(${hash}), 0)::text as sum from "${table}"`;
}
