/**
 * A Postgres of one's own as the upstream, with a real Electric in front of it.
 *
 * The driver is loaded only when `DATABASE_URL` asks for it.
 */
import type { Query, Upstream } from './upstream.ts';

/** What is used of the `postgres` package. */
interface Sql {
  unsafe(sql: string, parameters?: unknown[]): PromiseLike<unknown[]>;
  begin<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  end(options: { timeout: number }): Promise<void>;
}

const DRIVER = 'postgres';

/** Connects to a Postgres. */
export async function createExternalUpstream(databaseUrl: string): Promise<Upstream> {
  const driver = (await import(DRIVER).catch((cause: unknown) => {
    throw new Error(`connecting to DATABASE_URL: the npm package ${DRIVER} is missing; install it with: npm install --no-save ${DRIVER}@3.4.9`, { cause });
  })) as { default: (url: string, options: object) => Sql };
  const sql = driver.default(databaseUrl, { max: 4, onnotice: () => undefined });
  const queryOn =
    (target: Sql): Query =>
    async <Row extends object>(text: string, parameters: unknown[] = []) =>
      [...(await target.unsafe(text, parameters))] as Row[];
  const transaction: Upstream['transaction'] = (work) =>
    sql.begin((inner) =>
      work(queryOn(inner), async (text) => {
        await inner.unsafe(text);
      }),
    );
  const exec = async (text: string): Promise<void> => {
    await sql.unsafe(text);
  };
  return {
    query: queryOn(sql),
    exec,
    transaction,
    snapshot: transaction,
    quietly: exec,
    // A real Electric hears of writes by itself.
    onWrite: () => undefined,
    close: () => sql.end({ timeout: 2 }),
  };
}
