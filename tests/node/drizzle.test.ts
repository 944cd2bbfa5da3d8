/** What is read out of drizzle's folders, beside what a real Postgres has after the same migrations. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import type { PGlite } from "@electric-sql/pglite";
import { drizzleBundle, drizzleFolder } from "electric-replica/server";
import type { ManifestSource, ServerManifest } from "electric-replica/server";
import { emptyPostgres } from "../../www/server/empty.ts";

interface Entry {
  idx: number;
  tag: string;
}

/** A table as both sides can say it. */
interface Table {
  name: string;
  schema: string;
  columns: string[];
  key: string[];
}

for (const folder of ["workspace", "sales"].map((name) => join("tests/golden/drizzle", name))) {
  void test(`after each migration of ${folder}, Postgres has what was read`, async (t) => {
    const pg = await emptyPostgres();
    t.after(() => pg.close());
    const journal = readFileSync(join(folder, "meta/_journal.json"), "utf8");
    const { entries } = JSON.parse(journal) as { entries: Entry[] };
    const migrations = entries.map(({ tag }) => [`${tag}.sql`, readFileSync(join(folder, `${tag}.sql`), "utf8")] as const);
    let applied = 0;
    const upTo = () => applied;
    const sources: [string, ManifestSource][] = [
      ["by snapshots", drizzleFolder(folder, { upTo })],
      ["by statements", drizzleBundle({ "meta/_journal.json": journal, ...Object.fromEntries(migrations) }, { upTo })],
    ];

    for (const { idx } of entries) {
      await pg.exec(migrations[idx]?.[1] ?? "");
      applied = idx;
      const [tables, labels] = [await tablesOf(pg), await labelsOf(pg)];
      for (const [how, source] of sources) {
        const manifest = await source.read();
        assert.deepEqual(manifest.tables.map(told), tables, `${how}, after ${entries[idx]?.tag ?? ""}`);
        for (const ty of manifest.enums ?? []) assert.deepEqual(ty.labels, labels.get(ty.name), how);
      }
    }
  });
}

function told({ schema = "public", name, columns, primaryKey }: ServerManifest["tables"][number]): Table {
  const column = ({ name, type, notNull }: (typeof columns)[number]): string => `${name} ${type}${notNull ? " not null" : ""}`;
  return { name, schema, columns: columns.map(column), key: primaryKey };
}

async function tablesOf(pg: PGlite): Promise<Table[]> {
  const { rows } = await pg.query<Table>(`
    SELECT c.relname AS name, n.nspname AS schema,
      (SELECT array_agg(format('%s %s%s%s%s', a.attname,
          coalesce(e.typname, t.typname),
          -- varchar(255), numeric(10,2), timestamp(3): what format_type writes in parentheses.
          replace(coalesce(substring(format_type(a.atttypid, a.atttypmod) from '\\([0-9, ]+\\)'), ''), ' ', ''),
          CASE WHEN e.oid IS NULL THEN '' ELSE '[]' END,
          CASE WHEN a.attnotnull THEN ' not null' ELSE '' END) ORDER BY a.attnum)
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
      (SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum))
        FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
        WHERE i.indrelid = c.oid AND i.indisprimary) AS key
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname IN ('public', 'crm') ORDER BY c.relname COLLATE "C"`);
  return rows;
}

async function labelsOf(pg: PGlite): Promise<Map<string, string[]>> {
  const { rows } = await pg.query<{ name: string; labels: string[] }>(
    `SELECT t.typname AS name, array_agg(e.enumlabel::text ORDER BY e.enumsortorder) AS labels
     FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.oid, t.typname`,
  );
  return new Map(rows.map(({ name, labels }) => [name, labels]));
}
