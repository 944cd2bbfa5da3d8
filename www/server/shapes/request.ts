/**
 * A shape request, read from its query string.
 *
 * Pure. Owns: parameter names and what is wrong with them. Must not know: shapes that live.
 */
import { RequestError } from './error.ts';
import type { Replica } from './message.ts';
import { type Offset, parseOffset } from './offset.ts';
import type { Definition } from './shape.ts';
import { bindParameters } from './statement.ts';
import type { TableName } from './structure.ts';

export interface ShapeRequest {
  definition: Definition;
  offset: Offset;
  /** The offset as it was written, for the etag. */
  offsetText: string;
  handle?: string;
  live: boolean;
  cursor?: number;
}

/** Reads the parameters of a request; throws a `RequestError` that names every wrong one. */
export function parseRequest(query: URLSearchParams): ShapeRequest {
  const errors: Record<string, string[]> = {};
  const offsetText = query.get('offset') ?? '';
  const offset = parseOffset(offsetText);
  const handle = query.get('handle') ?? '';
  const live = query.get('live') === 'true';
  const table = parseTable(query.get('table') ?? '');
  const columns = parseColumns(query.get('columns'));
  const replica = query.get('replica') ?? 'default';

  if (offsetText === '') errors['offset'] = ["can't be blank"];
  else if (offset === undefined) errors['offset'] = ['has invalid format'];
  else if (offset.at === 'start' && live) errors['live'] = ["can't be true when offset == -1"];
  else if (handle === '' && offset.at !== 'start' && offset.at !== 'now') errors['handle'] = ["can't be blank when offset != -1"];
  if (table === undefined) errors['table'] = [(query.get('table') ?? '') === '' ? "can't be blank" : 'Invalid table name'];
  if (columns === null) errors['columns'] = ['Invalid zero-length delimited identifier'];
  if (!isReplica(replica)) errors['replica'] = ["is invalid"];
  if (offset === undefined || table === undefined || columns === null || !isReplica(replica) || Object.keys(errors).length > 0) {
    throw RequestError.invalid(errors);
  }

  const where = query.get('where');
  const cursor = Number(query.get('cursor') ?? Number.NaN);
  return {
    definition: {
      ...table,
      replica,
      ...(columns === undefined ? {} : { columns }),
      ...(where === null ? {} : { where: bindParameters(where, parameters(query)) }),
    },
    offset,
    offsetText,
    live,
    ...(handle === '' ? {} : { handle }),
    ...(Number.isFinite(cursor) ? { cursor } : {}),
  };
}

function isReplica(text: string): text is Replica {
  return text === 'default' || text === 'full';
}

function parameters(query: URLSearchParams): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of query) {
    const index = /^params\[(\d+)\]$/.exec(name)?.[1];
    if (index !== undefined) found.set(index, value);
  }
  return found;
}

const PART = '"(?:[^"]|"")+"|[a-zA-Z_\\u0080-\\uffff][\\w$\\u0080-\\uffff]*';
const TABLE = new RegExp(`^(?:(${PART})\\.)?(${PART})$`);
const COLUMN = new RegExp(`^(?:${PART})$`);

function parseTable(text: string): TableName | undefined {
  const match = TABLE.exec(text);
  if (match?.[2] === undefined) return undefined;
  return { schema: match[1] === undefined ? 'public' : unquoted(match[1]), table: unquoted(match[2]) };
}

/** Undefined for all columns, null when one of them is no name. */
function parseColumns(text: string | null): string[] | undefined | null {
  if (text === null || text === '') return undefined;
  const parts = text.match(/(?:"(?:[^"]|"")*"|[^,])+/g) ?? [];
  return parts.every((part) => COLUMN.test(part.trim())) ? parts.map((part) => unquoted(part.trim())) : null;
}

/** A name as Postgres reads it: folded to lower case unless quoted. */
function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}
