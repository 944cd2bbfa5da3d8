/**
 * The table of live rows. Its columns are whatever the query's result has: a migration shows by itself.
 */
import { count, make, part } from './element.ts';

export interface Result {
  fields: { name: string }[];
  rows: Record<string, unknown>[];
}

/** Columns in the order people want to read them; the rest follows as it comes. */
const FIRST = ['id', 'name', 'description', 'kind', 'position', 'sort_order'];

export class Rows {
  readonly #head = part('rows', HTMLTableElement).tHead;
  readonly #body = part('rows', HTMLTableElement).tBodies[0];
  readonly #count = part('row-count');
  readonly #empty = part('empty');
  #columns: string[] = [];
  #seen = new Map<string, string>();

  setCount(rows: number): void {
    this.#count.textContent = count(rows);
  }

  show({ fields, rows }: Result): void {
    const names = fields.map((field) => field.name);
    const columns = [...FIRST.filter((name) => names.includes(name)), ...names.filter((name) => !FIRST.includes(name))];
    const added = this.#columns.length === 0 ? [] : columns.filter((name) => !this.#columns.includes(name));
    if (columns.join() !== this.#columns.join()) this.#showHead(columns, added);

    const seen = new Map<string, string>();
    const lines = rows.map((row) => {
      const line = make('tr');
      const texts = columns.map((name) => shown(row[name]));
      const id = shown(row['id']);
      const content = texts.join('\u0000');
      seen.set(id, content);
      // Only what came or changed on its own lights up, not a whole table that has new columns.
      if (added.length === 0 && this.#seen.size > 0 && this.#columns.join() === columns.join() && this.#seen.get(id) !== content) {
        line.className = 'fresh';
      }
      for (const [index, name] of columns.entries()) line.append(cell(name, row[name], texts[index] ?? '', added.includes(name)));
      return line;
    });
    this.#body?.replaceChildren(...lines);
    this.#empty.hidden = rows.length > 0;
    this.#empty.textContent = 'No rows yet.';
    this.#columns = columns;
    this.#seen = seen;
  }

  #showHead(columns: readonly string[], added: readonly string[]): void {
    const line = make('tr');
    for (const name of columns) {
      const head = make('th', name, added.includes(name) ? 'added' : '');
      head.scope = 'col';
      line.append(head);
    }
    this.#head?.replaceChildren(line);
  }
}

function cell(name: string, value: unknown, text: string, added: boolean): HTMLTableCellElement {
  const element = make('td', text);
  element.dataset['column'] = name;
  const classes = [
    value === null || value === undefined ? 'null' : '',
    typeof value === 'number' || typeof value === 'bigint' || NUMERIC.has(name) ? 'number' : '',
    added ? 'added' : '',
  ].filter((found) => found !== '');
  element.className = classes.join(' ');
  if (name.endsWith('_id')) {
    element.title = text;
    element.textContent = text.slice(0, 8);
  }
  return element;
}

/** Numerics arrive as texts, so that no digit is lost. */
const NUMERIC = new Set(['width', 'usage_count']);

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Date) return value.toISOString().slice(0, 19).replace('T', ' ');
  if (typeof value === 'bigint') return value.toString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}
