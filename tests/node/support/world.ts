/** A demo server, a real PGlite and a manager over them: the world a replica lives in. */
import type { TestContext } from "node:test";

import { live } from "@electric-sql/pglite/live";
import { createReplicaManager, type ReplicaEvent, type ReplicaManager, type ReplicaOptions } from "electric-replica";

import { type Demo, type DemoOptions, startDemo } from "../../../www/server/demo.ts";
import { emptyPostgres } from "../../../www/server/empty.ts";
import { atEnd } from "./ending.ts";

const EVENTS = ["migration:pending", "update-needed", "migration:start", "migration:progress", "migration:complete", "migration:error", "query-failed", "adopted", "purged", "replica:unhealthy", "replica:verified", "status", "warning"] as const;

/** Starts a server that is closed with the test. */
export async function serve(t: TestContext, options: DemoOptions = {}): Promise<Demo> {
  const demo = await startDemo({ rows: 200, longPollMs: 2_000, noticeMs: 300, ...options });
  atEnd(t, () => demo.close());
  return demo;
}

/** Opens a database in memory that is closed with the test. */
export async function database(t: TestContext) {
  const db = await emptyPostgres({ extensions: { live } });
  t.after(() => db.close());
  return db;
}

export interface Managed {
  manager: ReplicaManager;
  /** Every event, in order. */
  events: ReplicaEvent[];
  /** The types of the events but for progress and status. */
  told: () => string[];
}

/** A client that is alone with its server has nobody to spread its questions for. */
const ALONE = { spreadMs: 0 };

/** Creates a manager that is closed with the test. */
export async function manage(t: TestContext, demo: Demo, options: Omit<ReplicaOptions, "baseUrl">): Promise<Managed> {
  const manager = await createReplicaManager({ baseUrl: `${demo.url}/api/electric`, limits: ALONE, ...options });
  t.after(() => manager.close());
  const events: ReplicaEvent[] = [];
  for (const name of EVENTS) manager.on(name, (event: ReplicaEvent) => events.push(event));
  const told = () => events.map((event) => event.type).filter((type) => type !== "migration:progress" && type !== "status");
  return { manager, events, told };
}

/** Tries again until it holds; fails with its last error. */
export async function eventually<T>(check: () => Promise<T>, withinMs = 15_000): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Tries again what says at once whether it holds. */
export const soon = <T>(check: () => T): Promise<T> => eventually(() => Promise.resolve().then(check));

interface Queryable {
  query(sql: string): Promise<{ rows: unknown[] } | unknown[]>;
}

/** Every row of every table as Postgres' own text, in the order of its text: equal only if all rows are. */
export async function contents(db: Queryable, schema = "public"): Promise<Record<string, string[]>> {
  const all = async (sql: string) => {
    const result = await db.query(sql);
    return (Array.isArray(result) ? result : result.rows) as Record<string, string>[];
  };
  const tables = await all(
    `select c.relname::text as name from pg_class c where c.relkind = 'r' and c.relnamespace = '${schema}'::regnamespace order by 1`,
  );
  const found: Record<string, string[]> = {};
  for (const { name } of tables) {
    const columns = await all(
      `select quote_ident(attname) as name from pg_attribute where attrelid = '"${schema}"."${name ?? ""}"'::regclass and attnum > 0 and not attisdropped order by attname`,
    );
    const fields = columns.map((column) => `'${column["name"] ?? ""}', ${column["name"] ?? ""}::text`).join(", ");
    const rows = await all(`select json_build_object(${fields})::text as row from "${schema}"."${name ?? ""}" order by 1`);
    found[name ?? ""] = rows.map((row) => row["row"] ?? "");
  }
  return found;
}
