/**
 * The demo's rows, as SQL for the schema right after the first migration.
 *
 * Postgres makes the rows itself: a hundred thousand of them take about a second.
 */

/** Statements that fill every table; `rows` is the number of rows in `data_table_columns`. */
export function seedStatements(rows: number): string {
  const tables = Math.max(1, Math.min(500, Math.ceil(rows / 20)));
  return `
insert into users (email, name, role, is_active, created_at)
select 'person' || g || '@example.com', (array['Ada', 'Grace', 'Linus', 'Zoë', 'Søren', 'Jürgen', 'Mai 麻衣', 'O''Neil'])[1 + g % 8] || ' ' || g,
  (array['owner', 'admin', 'member', 'member'])[1 + g % 4]::user_role, g % 7 <> 0, '2026-01-01Z'::timestamptz + g * interval '1 hour'
from generate_series(1, 40) g;

insert into companies (name, tax_rate, employees, settings, markets, created_at)
select 'Company "' || chr(64 + g) || '"', round(g * 0.0125, 4), case when g % 5 = 0 then null else g * 37 end,
  jsonb_build_object('theme', case when g % 2 = 0 then 'dark' else 'light' end, 'limits', jsonb_build_array(g, null, 'a\\b')),
  (array['{}', '{EU,US}', '{"Asia, Pacific",NULL}', '{"say \\"hi\\""}'])[1 + g % 4]::text[], '2026-01-02Z'::timestamptz + g * interval '1 day'
from generate_series(1, 12) g;

insert into workspaces (company_id, owner_id, title, slug, plan, storage_bytes, is_archived, created_at)
select 1 + g % 12, (select id from users where email = 'person' || (1 + g % 40) || '@example.com'),
  'Workspace ' || g, 'workspace-' || g, (array['free', 'team', 'enterprise'])[1 + g % 3]::workspace_plan,
  9007199254740993 + g, g % 9 = 0, '2026-02-01Z'::timestamptz + g * interval '1 hour'
from generate_series(1, 30) g;

insert into data_tables (workspace_id, name, color, created_at)
select w.id, (array['Orders', 'Customers', 'Invoices', 'Tickets', 'Products'])[1 + g % 5] || ' ' || g,
  case when g % 3 = 0 then null else '#' || lpad(to_hex(g * 4099 % 16777216), 6, '0') end, '2026-03-01Z'::timestamptz + g * interval '1 minute'
from generate_series(1, ${String(tables)}) g join workspaces w on w.slug = 'workspace-' || (1 + g % 30);

insert into data_table_columns (data_table_id, name, kind, position, required, width, usage_count, legacy_code, options, labels, created_at)
select t.ids[1 + g % ${String(tables)}], (array['Amount', 'Due date', 'Paid', 'Customer', 'Note "x"', E'Tab\\tbed', 'Größe', 'Emoji 🚀'])[1 + g % 8] || ' ' || g,
  (array['text', 'number', 'boolean', 'date'])[1 + g % 4]::column_kind, g % 20, g % 3 = 0, round((80 + g % 240) * 1.25, 2),
  g * 7 % 100000, 'L-' || lpad(g::text, 6, '0'),
  case when g % 4 = 0 then null else jsonb_build_object('format', 'f' || g % 6, 'hint', 'row ' || g) end,
  case g % 3 when 0 then null when 1 then array['a', null, 'b,c'] else array['it''s', '"quoted"'] end,
  '2026-04-01Z'::timestamptz + g * interval '1 second'
from generate_series(1, ${String(rows)}) g
cross join (select array_agg(id order by created_at) as ids from data_tables) t;

analyze;
`;
}
