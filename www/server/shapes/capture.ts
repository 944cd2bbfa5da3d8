/**
 * Change capture: what logical replication would say, written down by triggers.
 *
 * Statement triggers with transition tables record old and new rows as texts. The function reads the
 * catalog at each run, so DDL on a captured table needs no new trigger. Owns: its own schema in the
 * database. Must not know: shapes.
 */
import type { Query, Upstream } from '../upstream.ts';
import { quoteName, quoteText } from './statement.ts';
import { RELATION_SQL, type Structure } from './structure.ts';

export type Operation = 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE';

/** A row as Postgres prints it: column name to text or null. */
export type Image = Record<string, string | null>;

export interface Change {
  /** Place in the capture table; grows with time. */
  id: number;
  txid: number;
  lsn: number;
  oid: number;
  schema: string;
  table: string;
  /** The table's relation signature at the moment of the write. */
  relation: string;
  operation: Operation;
  before?: Image;
  after?: Image;
}

const PAGE = 2_000;

const INSTALL = `
create schema if not exists shape_capture;
create table if not exists shape_capture.changes (
  id bigserial primary key, txid bigint not null, lsn bigint not null, oid bigint not null,
  schema_name text not null, table_name text not null, relation text not null,
  operation text not null, before text, after text
);
create or replace function shape_capture.record() returns trigger language plpgsql as $capture$
declare
  image text;
  relation text;
  source text;
begin
  -- Output functions print booleans as t and f, the cast to text spells them out: replication uses the former.
  select '''{'' || ' || string_agg(quote_literal(to_json(a.attname)::text || ':') || ' || coalesce(to_json('
      || case when a.atttypid = 'bool'::regtype
           then format('case when n.%1$I then ''t'' when not n.%1$I then ''f'' end', a.attname)
           else format('n.%I::text', a.attname) end
      || ')::text, ''null'')', ' || '','' || ' order by a.attname) || ' || ''}''',
    ${RELATION_SQL}
  into image, relation
  from pg_attribute a left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
  where a.attrelid = tg_relid and a.attnum > 0 and not a.attisdropped;
  source := case tg_op
    when 'INSERT' then 'select null::text as before, ' || image || ' as after from new_rows n'
    when 'DELETE' then 'select ' || image || ' as before, null::text as after from old_rows n'
    -- Both transition tables are filled row by row in one order: that order pairs them.
    when 'UPDATE' then 'select o.text as before, w.text as after
      from (select row_number() over () as place, ' || image || ' as text from old_rows n) o
      join (select row_number() over () as place, ' || image || ' as text from new_rows n) w using (place) order by place'
    else 'select null::text as before, null::text as after' end;
  execute 'insert into shape_capture.changes (txid, lsn, oid, schema_name, table_name, relation, operation, before, after)
    select pg_current_xact_id()::text::bigint, (pg_current_wal_insert_lsn() - ''0/0''::pg_lsn)::bigint, $1, $2, $3, $4, $5, x.before, x.after
    from (' || source || ') x'
  using tg_relid::bigint, tg_table_schema::text, tg_table_name::text, relation, tg_op;
  return null;
end $capture$;
`;

const TRIGGERS: readonly [name: string, clause: string][] = [
  ['insert', 'after insert on TABLE referencing new table as new_rows'],
  ['update', 'after update on TABLE referencing old table as old_rows new table as new_rows'],
  ['delete', 'after delete on TABLE referencing old table as old_rows'],
  ['truncate', 'after truncate on TABLE'],
];

/** Creates the capture schema once for the database. */
export async function installCapture(upstream: Upstream): Promise<void> {
  await upstream.quietly(INSTALL);
}

/** Starts recording a table's writes; nothing happens when it is recorded already. */
export async function captureTable(upstream: Upstream, structure: Structure): Promise<void> {
  const table = `${quoteName(structure.schema)}.${quoteName(structure.table)}`;
  const statements = TRIGGERS.map(
    ([name, clause]) =>
      `create or replace trigger ${quoteName(`shape_capture_${name}`)} ${clause.replace('TABLE', table)}
       for each statement execute function shape_capture.record();`,
  );
  const installed = await upstream.query<{ count: number }>(
    `select count(*)::int as count from pg_trigger where tgrelid = ${quoteText(table)}::regclass and tgname like 'shape\\_capture\\_%'`,
  );
  if (installed[0]?.count === TRIGGERS.length) return;
  await upstream.quietly(statements.join('\n'));
}

/** The id of the newest recorded change; run inside a snapshot's transaction it marks where the log goes on. */
export async function newestChange(query: Query): Promise<number> {
  const [row] = await query<{ id: string }>('select coalesce(max(id), 0)::text as id from shape_capture.changes');
  return Number(row?.id ?? 0);
}

interface ChangeRow {
  id: string;
  txid: string;
  lsn: string;
  oid: string;
  schema_name: string;
  table_name: string;
  relation: string;
  operation: Operation;
  before: string | null;
  after: string | null;
}

/** Hands over the committed changes after `since` in commit order, a page at a time. */
export async function* changesAfter(upstream: Upstream, since: number): AsyncGenerator<Change[]> {
  const [range] = await upstream.query<{ first: string | null; last: string | null }>(
    'select min(id)::text as first, max(id)::text as last from shape_capture.changes where id > $1',
    [since],
  );
  if (range?.first == null) return;
  // A window of ids rather than a limit: Postgres keeps no statistics here and would scan everything for each page.
  for (let start = Number(range.first); start <= Number(range.last); start += PAGE) {
    const rows = await upstream.query<ChangeRow>(
      `select c.id::text, txid::text, lsn::text, oid::text, schema_name, table_name, relation, operation, before, after
       from shape_capture.changes c where c.id between $1 and $2 order by c.id`,
      [start, start + PAGE - 1],
    );
    yield rows.map(toChange);
  }
}

function toChange(row: ChangeRow): Change {
  return {
    id: Number(row.id),
    txid: Number(row.txid),
    lsn: Number(row.lsn),
    oid: Number(row.oid),
    schema: row.schema_name,
    table: row.table_name,
    relation: row.relation,
    operation: row.operation,
    ...(row.before === null ? {} : { before: JSON.parse(row.before) as Image }),
    ...(row.after === null ? {} : { after: JSON.parse(row.after) as Image }),
  };
}

/** Forgets the changes up to and including `last`, all but the newest, which keeps the counter readable. */
export async function forgetChanges(upstream: Upstream, last: number): Promise<void> {
  await upstream.quietly(`delete from shape_capture.changes where id < ${String(last)}`);
}
