/**
 * SQL text: how a row becomes a shape message inside Postgres, so that no value passes through JavaScript.
 *
 * Owns: quoting and the expressions. Must not know: connections, HTTP.
 */
import type { Column, Structure } from './structure.ts';
import { keyColumns } from './structure.ts';

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  return text.includes('\\') ? `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${text.replaceAll("'", "''")}'`;
}

export function qualifiedName(structure: Structure): string {
  return `${quoteName(structure.schema)}.${quoteName(structure.table)}`;
}

/** What stands before the key's values in every message's `key`. */
export function keyPrefix(structure: Structure): string {
  return qualifiedName(structure);
}

/** One part of a message's key, as Electric writes it: quoted, `/` doubled, `_` for null. */
export function keyPart(value: string | null): string {
  return value === null ? '/_' : `/"${value.replaceAll('/', '//')}"`;
}

/** The columns a message carries, in the order Electric writes them: by name. */
export function chosenColumns(structure: Structure, chosen?: readonly string[]): Column[] {
  return structure.columns
    .filter((column) => chosen === undefined || chosen.includes(column.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The query behind a snapshot: one text column, one complete JSON message a row. */
export function snapshotQuery(structure: Structure, chosen?: readonly string[], where?: string): string {
  const key = keyColumns(structure)
    .map((column) => `coalesce('/"' || replace(${quoteName(column.name)}::text, '/', '//') || '"', '/_')`)
    .join(' || ');
  const values = chosenColumns(structure, chosen)
    .map((column) => {
      const label = quoteText(`${JSON.stringify(column.name)}:`);
      return `${label} || coalesce(to_json(${quoteName(column.name)}::text)::text, 'null')`;
    })
    .join(` || ',' || `);
  const relation = JSON.stringify([structure.schema, structure.table]);
  const tail = quoteText(`},"headers":{"relation":${relation},"operation":"insert"}}`);
  return [
    `select '{"key":' || to_json(${quoteText(keyPrefix(structure))} || ${key})::text || ',"value":{' || ${values || "''"} || ${tail}`,
    `from ${qualifiedName(structure)}`,
    where === undefined ? '' : `where (${where}\n)`,
  ].join(' ');
}

/**
 * Replaces `$1`, `$2` … outside quotes by the given values as untyped literals, so that Postgres
 * infers their types exactly as it does for parameters.
 */
export function bindParameters(where: string, parameters: ReadonlyMap<string, string>): string {
  return where.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\d+)/g, (found, index: string | undefined) => {
    const value = index === undefined ? undefined : parameters.get(index);
    return value === undefined ? found : quoteText(value);
  });
}

/**
 * A query that says for each row image (a JSON object of texts, given as `$1`: an array of them)
 * whether `where` holds for it; one boolean a row, in order.
 */
export function imageFilter(structure: Structure, where: string): string {
  const fields = structure.columns
    .map((column) => `(image.value ->> ${quoteText(column.name)})::${column.sqlType} as ${quoteName(column.name)}`)
    .join(', ');
  return `select coalesce((select (${where}\n) from (select ${fields}) as ${quoteName(structure.table)}), false) as kept
    from jsonb_array_elements($1::jsonb) with ordinality as image(value, place) order by image.place`;
}
