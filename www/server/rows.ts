/**
 * The writes that the page's buttons make, in whatever shape the table has at the moment.
 *
 * Must not know: HTTP, migrations.
 */
import type { Upstream } from './upstream.ts';

const NAMES = ['Invoice total', 'Ship date', 'Customer “VIP”', 'Größe', 'Paid?', 'Notes 📝', "Owner's name", 'Discount %'];

/** A number column that a migration renames. */
const POSITION = new Set(['position', 'sort_order']);

/** Adds one row to `data_table_columns`; resolves to its id. */
export async function addRow(upstream: Upstream, name?: string): Promise<string> {
  const columns = await columnNames(upstream);
  const position = columns.find((column) => POSITION.has(column)) ?? 'position';
  const described = columns.includes('description');
  const [row] = await upstream.query<{ id: string }>(
    `insert into data_table_columns (data_table_id, name, kind, "${position}", required, width, options, labels${described ? ', description' : ''})
     select id, $1, $2::column_kind, $3::int, $4::boolean, $5::numeric, $6::jsonb, array['new', null]${described ? ", 'Written just now'" : ''}
     from data_tables order by id limit 1 returning id::text`,
    [
      name ?? pick(NAMES),
      pick(['text', 'number', 'boolean', 'date']),
      Math.floor(Math.random() * 20),
      Math.random() < 0.5,
      (80 + Math.random() * 200).toFixed(2),
      JSON.stringify({ format: 'short', at: new Date().toISOString() }),
    ],
  );
  return row?.id ?? '';
}

/** Changes one row; resolves to whether it exists. */
export async function changeRow(upstream: Upstream, id: string, name?: string): Promise<boolean> {
  if (!/^\d{1,18}$/.test(id)) return false;
  const rows = await upstream.query(
    `update data_table_columns set usage_count = usage_count + 1, name = coalesce($2::text, name) where id = $1::bigint returning id::text`,
    [id, name ?? null],
  );
  return rows.length > 0;
}

/** The number of rows in the widest table. */
export async function countRows(upstream: Upstream): Promise<number> {
  const [row] = await upstream.query<{ count: number }>('select count(*)::int as count from data_table_columns');
  return row?.count ?? 0;
}

async function columnNames(upstream: Upstream): Promise<string[]> {
  const rows = await upstream.query<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = 'public.data_table_columns'::regclass and attnum > 0 and not attisdropped`,
  );
  return rows.map((row) => row.name);
}

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T;
}
