/**
 * What is loaded: so many tables of so many rows each.
 *
 * Owns: a load's name and the names of its tables. Must not know: rows, databases.
 */

export interface Load {
  tables: number;
  /** In each table. */
  rows: number;
}

/** `100000` for one table, `20x5000` for twenty. */
export const nameOf = ({ tables, rows }: Load): string => (tables === 1 ? String(rows) : `${tables}x${rows}`);

/** Reads what {@link nameOf} writes; nothing where it is no load. */
export function parseLoad(name: string): Load | undefined {
  const found = /^(?:(\d{1,3})x)?(\d{1,7})$/.exec(name);
  return found ? { tables: Number(found[1] ?? "1"), rows: Number(found[2]) } : undefined;
}

export const tablesOf = ({ tables }: Load): string[] => Array.from({ length: tables }, (_, at) => `items_${at}`);
