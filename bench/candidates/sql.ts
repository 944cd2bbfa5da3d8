/** The table by hand, for those who make it themselves. */
import type { PGliteInterface, Transaction } from "@electric-sql/pglite";

import { COLUMNS } from "../rows.ts";

/** Makes the table anew; `key` is a key that it has from the beginning, as a part of its definition. */
export function createSql(table: string, key: string): string {
  const columns = COLUMNS.map(({ name, type, notNull }) => `"${name}" ${type}${notNull ? " not null" : ""}`);
  return `drop table if exists "${table}"; create table "${table}" (${columns.join(", ")}${key})`;
}

export const keySql = (table: string): string => `alter table "${table}" add primary key (id)`;

export type Format = "text" | "binary";

export async function copy(db: Transaction | PGliteInterface, table: string, blob: Blob, format: Format): Promise<void> {
  const columns = COLUMNS.map(({ name }) => `"${name}"`).join(", ");
  await db.query(`copy "${table}" (${columns}) from '/dev/blob' with (format ${format})`, [], { blob });
}
