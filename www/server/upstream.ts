/**
 * The upstream Postgres of the demo: PGlite in memory, its only writer this process.
 *
 * Owns: the connection and the moment after each write. Must not know: shapes, migrations, HTTP.
 */
import { PGlite, type Transaction } from '@electric-sql/pglite';

import { emptyPostgres } from './empty.ts';

/** Runs one statement and resolves to its rows. */
export type Query = <Row extends object = Record<string, unknown>>(sql: string, parameters?: unknown[]) => Promise<Row[]>;

export interface Upstream {
  /** Runs one statement; anything it wrote is announced afterwards. */
  query: Query;
  /** Runs any number of statements; anything they wrote is announced afterwards. */
  exec(sql: string): Promise<void>;
  /** Runs `work` in one transaction; a throw takes all of it back. */
  transaction<T>(work: (query: Query, exec: (sql: string) => Promise<void>) => Promise<T>): Promise<T>;
  /** The same for work that only reads: nobody is told. */
  snapshot<T>(work: (query: Query, exec: (sql: string) => Promise<void>) => Promise<T>): Promise<T>;
  /** Runs statements that are not the app's own: nobody is told. */
  quietly(sql: string): Promise<void>;
  /** Calls `listener` after each write; a returned promise is awaited before the write resolves. */
  onWrite(listener: () => Promise<void>): void;
  close(): Promise<void>;
}

/** Starts an empty Postgres in memory. */
export async function createEmbeddedUpstream(): Promise<Upstream> {
  // The default way of growing a file copies all of it in memory: slow from some 100,000 rows on.
  const db = await emptyPostgres({
    startParams: [...PGlite.defaultStartParams, '-c', 'file_extend_method=write_zeros'],
  });
  await db.exec(`set timezone = 'UTC'`);
  let announce: () => Promise<void> = () => Promise.resolve();

  const queryOn =
    (target: Pick<Transaction, 'query'>): Query =>
    async <Row extends object>(sql: string, parameters: unknown[] = []) =>
      (await target.query<Row>(sql, parameters)).rows;
  const readOnly = /^\s*(select|fetch|show|explain)\b/i;
  const plain = queryOn(db);

  const inTransaction = <T>(work: (query: Query, exec: (sql: string) => Promise<void>) => Promise<T>): Promise<T> =>
    db.transaction((tx) =>
      work(queryOn(tx), async (sql) => {
        await tx.exec(sql);
      }),
    );

  return {
    async query<Row extends object>(sql: string, parameters?: unknown[]) {
      const rows = await plain<Row>(sql, parameters);
      if (!readOnly.test(sql)) await announce();
      return rows;
    },
    async exec(sql) {
      await db.exec(sql);
      await announce();
    },
    async transaction(work) {
      const result = await inTransaction(work);
      await announce();
      return result;
    },
    snapshot: (work) => inTransaction(work),
    async quietly(sql) {
      await db.exec(sql);
    },
    onWrite(listener) {
      announce = listener;
    },
    close: () => db.close(),
  };
}
