/**
 * Stand-in for `createElectricHandlers` of `electric-replica/server`, with its shape, until that is built.
 *
 * Answers the simple form: each table's CREATE TABLE, read from the live database.
 */
import { createHash } from 'node:crypto';
import type { Migration } from './migrations.ts';
import { quoteName, quoteText } from './shapes/statement.ts';
import type { Upstream } from './upstream.ts';

export interface ElectricHandlers {
  version(request: Request): Promise<Response>;
  schemas(request: Request): Promise<Response>;
}

export interface HandlerSource {
  upstream: () => Upstream;
  /** The newest migration the server has. */
  newest: () => Migration;
}

export function createElectricHandlers({ upstream, newest }: HandlerSource): ElectricHandlers {
  return {
    version(request) {
      const { tag, index, when } = newest();
      return Promise.resolve(conditional(request, { version: tag, index, timestamp: when, dialect: 'postgresql' }));
    },
    async schemas(request) {
      return conditional(request, await createStatements(upstream()));
    },
  };
}


function conditional(request: Request, body: unknown): Response {
  const text = JSON.stringify(body);
  const etag = `"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`;
  const headers = { 'content-type': 'application/json', etag, 'cache-control': 'no-cache' };
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers });
  return new Response(text, { status: 200, headers });
}

interface ColumnRow {
  table: string;
  name: string;
  type: string;
  required: boolean;
  key: boolean;
}

async function createStatements(upstream: Upstream): Promise<Record<string, string>> {
  const enums = await upstream.query<{ name: string; labels: string[] }>(
    `select t.typname as name, array_agg(e.enumlabel::text order by e.enumsortorder) as labels
     from pg_type t join pg_enum e on e.enumtypid = t.oid group by t.typname`,
  );
  const columns = await upstream.query<ColumnRow>(
    `select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
       coalesce(a.attnum = any(i.indkey), false) as key
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       left join pg_index i on i.indrelid = c.oid and i.indisprimary
     where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by c.relname, a.attnum`,
  );
  const tables = new Map<string, ColumnRow[]>();
  for (const column of columns) tables.set(column.table, [...(tables.get(column.table) ?? []), column]);
  return Object.fromEntries([...tables].map(([table, list]) => [table, createStatement(table, list, enums)]));
}

function createStatement(table: string, columns: ColumnRow[], enums: { name: string; labels: string[] }[]): string {
  const types = enums
    .filter((found) => columns.some((column) => column.type === found.name))
    .map(({ name, labels }) => `CREATE TYPE ${quoteName(name)} AS ENUM (${labels.map(quoteText).join(', ')});\n`);
  const lines = columns.map((column) => `  ${quoteName(column.name)} ${column.type}${column.required ? ' NOT NULL' : ''}`);
  const key = columns.filter((column) => column.key).map((column) => quoteName(column.name));
  return `${types.join('')}CREATE TABLE ${quoteName(table)} (\n${[...lines, `  PRIMARY KEY (${key.join(', ')})`].join(',\n')}\n);`;
}
