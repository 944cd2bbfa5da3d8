/**
 * What a table looks like in the upstream Postgres, and how Electric tells it in `electric-schema`.
 *
 * Owns: reading the catalog. Must not know: shapes, HTTP.
 */
import type { Query } from '../upstream.ts';

/** One column as the catalog has it. */
export interface Column {
  name: string;
  /** The base type's name (`int4`, `varchar`, an enum's name); for an array its element's. */
  type: string;
  /** Array dimensions; 0 for a plain value. */
  dims: number;
  /** The type modifier, -1 when there is none. */
  modifier: number;
  notNull: boolean;
  /** The whole type as SQL writes it. */
  sqlType: string;
  /** Place in the primary key, from 0; absent outside it. */
  pkIndex?: number;
}

export interface Structure {
  oid: number;
  schema: string;
  table: string;
  columns: Column[];
  /** Name, type and key of every column: what a replication stream's relation message would say. */
  relation: string;
}

/** A table's name, resolved from a request. */
export interface TableName {
  schema: string;
  table: string;
}

/** The relation's signature; the capture function in the database computes the same text. */
export const RELATION_SQL = `json_agg(json_build_array(a.attname, a.atttypid::int8, a.atttypmod,
  array_position(i.indkey::int2[], a.attnum)) order by a.attnum)::text`;

/** The columns a relation signature speaks of, each as its name and the text of everything said of it. */
export function relationColumns(relation: string): { name: string; text: string }[] {
  return (JSON.parse(relation) as [string, ...unknown[]][]).map((column) => ({ name: column[0], text: JSON.stringify(column) }));
}

const COLUMNS_SQL = `
  select c.oid::int8::text as oid, n.nspname as schema, c.relname as table,
    json_agg(json_build_object(
      'name', a.attname, 'type', coalesce(e.typname, t.typname), 'modifier', a.atttypmod, 'notNull', a.attnotnull,
      'sqlType', format_type(a.atttypid, a.atttypmod),
      'dims', case when e.oid is null then 0 else greatest(a.attndims, 1) end,
      'pkIndex', array_position(i.indkey::int2[], a.attnum)
    ) order by a.attnum)::text as columns,
    ${RELATION_SQL} as relation
  from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    left join pg_type e on t.typcategory = 'A' and e.oid = t.typelem
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
  where c.relkind in ('r', 'p') and n.nspname = $1 and c.relname = $2
  group by c.oid, n.nspname, c.relname`;

interface StructureRow {
  oid: string;
  schema: string;
  table: string;
  columns: string;
  relation: string;
}

/** Reads a table's structure; `undefined` when there is no such table. */
export async function readStructure(query: Query, name: TableName): Promise<Structure | undefined> {
  const [row] = await query<StructureRow>(COLUMNS_SQL, [name.schema, name.table]);
  if (row === undefined) return undefined;
  const columns = (JSON.parse(row.columns) as (Omit<Column, 'pkIndex'> & { pkIndex: number | null })[]).map(({ pkIndex, ...column }) =>
    // `indkey` is an int2vector, which counts from 0; the cast keeps that lower bound.
    pkIndex === null ? column : { ...column, pkIndex },
  );
  return { oid: Number(row.oid), schema: row.schema, table: row.table, columns, relation: row.relation };
}

/** The key's columns in key order; every column when the table has no primary key, as Electric does. */
export function keyColumns(structure: Structure): Column[] {
  const key = structure.columns
    .filter((column) => column.pkIndex !== undefined)
    .sort((a, b) => (a.pkIndex ?? 0) - (b.pkIndex ?? 0));
  return key.length > 0 ? key : structure.columns;
}

/** Whether a reader of both would see any difference, nullability and identity included. */
export function sameStructure(a: Structure, b: Structure): boolean {
  const nullability = (s: Structure): string => s.columns.map((column) => `${column.name} ${String(column.notNull)}`).join();
  return a.oid === b.oid && a.table === b.table && a.relation === b.relation && nullability(a) === nullability(b);
}

/** The value of the `electric-schema` header: the chosen columns by name. */
export function schemaHeader(structure: Structure, chosen?: readonly string[]): string {
  const entries = structure.columns
    .filter((column) => chosen === undefined || chosen.includes(column.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((column) => [column.name, description(column)] as const);
  return asciiJson(Object.fromEntries(entries));
}

function description(column: Column): Record<string, unknown> {
  return {
    type: column.type,
    ...modifiers(column),
    ...(column.dims > 0 ? { dims: column.dims } : {}),
    ...(column.notNull ? { not_null: true } : {}),
    ...(column.pkIndex === undefined ? {} : { pk_index: column.pkIndex }),
  };
}

/** Length, precision and scale as Postgres packs them into a type modifier. */
function modifiers({ type, modifier }: Column): Record<string, number> {
  if (modifier < 0) return {};
  switch (type) {
    case 'varchar':
      return { max_length: modifier - 4 };
    case 'bpchar':
      return { length: modifier - 4 };
    case 'bit':
    case 'varbit':
      return { length: modifier };
    case 'numeric':
      return { precision: ((modifier - 4) >> 16) & 0xffff, scale: (modifier - 4) & 0x7ff };
    case 'time':
    case 'timetz':
    case 'timestamp':
    case 'timestamptz':
      return { precision: modifier };
    default:
      return {};
  }
}

/** A header carries bytes below 128 only, and Node refuses the rest. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
