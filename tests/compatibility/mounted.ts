/** A live query of each of PGlite's kinds, with what it delivered. */
import assert from "node:assert/strict";

type Row = Record<string, unknown>;
type Deliver = (rows: Row[]) => void;

/** What every release has of PGlite's live extension. */
export interface Live {
  query(options: object): Promise<unknown>;
  incrementalQuery(options: object): Promise<unknown>;
  changes(options: object): Promise<unknown>;
}

export interface Kind {
  name: string;
  mount(live: Live, query: string, deliver: Deliver): Promise<unknown>;
}

const results = (deliver: Deliver) => (result: { rows: Row[] }) => deliver(result.rows);

export const kinds: readonly Kind[] = [
  { name: "query", mount: (live, query, deliver) => live.query({ query, callback: results(deliver) }) },
  { name: "windowed", mount: (live, query, deliver) => live.query({ query, offset: 0, limit: 1_000, callback: results(deliver) }) },
  { name: "incremental", mount: (live, query, deliver) => live.incrementalQuery({ query, key: "id", callback: results(deliver) }) },
  { name: "changes", mount: (live, query, deliver) => live.changes({ query, key: "id", callback: applied(deliver) }) },
];

/** Delivers the rows that a feed of changes makes up. */
function applied(deliver: Deliver): (changes: Row[]) => void {
  const rows = new Map<unknown, Row>();
  return (changes) => {
    for (const { __op__: op, __changed_columns__: changed, __after__: _after, ...row } of changes) {
      if (op === "RESET") rows.clear();
      else if (op === "INSERT") rows.set(row["id"], row);
      else if (op === "DELETE") rows.delete(row["id"]);
      else rows.set(row["id"], { ...rows.get(row["id"]), ...Object.fromEntries((changed as string[]).filter((name) => name in row).map((name) => [name, row[name]])) });
    }
    deliver([...rows.values()].sort((one, other) => Number(one["id"]) - Number(other["id"])));
  };
}

export class Mounted {
  /** How often what was delivered had no row. */
  emptied = 0;
  #last: Row[] = [];
  #changed: () => void = () => undefined;

  static async of(kind: Kind, live: Live, table: string): Promise<Mounted> {
    const mounted = new Mounted();
    await kind.mount(live, `select * from ${table} order by id`, (rows) => {
      if (rows.length === 0) mounted.emptied += 1;
      mounted.#last = rows;
      mounted.#changed();
    });
    return mounted;
  }

  names(): unknown[] {
    return this.#last.map((row) => row["name"]);
  }

  /** Waits until the rows have these columns. */
  async has(columns: string[], withinMs: number): Promise<void> {
    const shown = () => Object.keys(this.#last[0] ?? {}).sort();
    const fits = () => JSON.stringify(shown()) === JSON.stringify(columns);
    const end = Date.now() + withinMs;
    while (!fits() && Date.now() < end) {
      await Promise.race([
        new Promise<void>((resolve) => (this.#changed = resolve)),
        new Promise((resolve) => setTimeout(resolve, end - Date.now())),
      ]);
    }
    assert.deepEqual(shown(), columns, "the columns are not those of the table");
  }
}
