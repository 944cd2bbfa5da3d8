/**
 * One measurement, the same code in a page and in Node: a fresh database, one candidate, what it took.
 *
 * Owns: the candidates and the clock. Must not know: browsers, other measurements.
 */
import type { PGliteInterface, Transaction } from "@electric-sql/pglite";
import type { PGliteWithSync } from "@electric-sql/pglite-sync";
import { createReplicaManager } from "electric-replica";
import type { LimitOptions } from "electric-replica";

import { tablesOf } from "./load.ts";
import type { Load } from "./load.ts";
import { COLUMNS } from "./rows.ts";

export const CANDIDATES = ["replica", "sync:insert", "sync:json", "sync:csv", "sync:useCopy", "parse", "copy", "fetch"] as const;
export type Candidate = (typeof CANDIDATES)[number];

/** What each candidate is. */
export const MEANINGS: Record<Candidate, string> = {
  replica: "this library: `checkAndMigrate()` from call to usable",
  "sync:insert": "DROP, CREATE, pglite-sync with its default",
  "sync:json": "the same with `initialInsertMethod: 'json'`",
  "sync:csv": "the same with `initialInsertMethod: 'csv'`",
  "sync:useCopy": "the same with `initialInsertMethod: 'useCopy'`",
  parse: "fetch, `JSON.parse`, COPY text built in JavaScript, COPY, key after",
  copy: "limit: COPY of a ready blob in one transaction, key after",
  fetch: "limit: fetching the shape alone",
};

export interface Task {
  candidate: Candidate;
  /** Where the server is. */
  origin: string;
  load: Load;
  /** Whether a query of the app is sent every {@link EVERY_MS}. */
  reader: boolean;
  limits?: LimitOptions;
}

export interface Result {
  /** From the call until the rows can be read, in ms. */
  ms: number;
  /** Until they are on disk as well. */
  storedMs: number;
  rows: number;
  /** How often PGlite wrote files out, and the ms that took; unknown where it runs in a worker. */
  syncs: { count: number; ms: number } | undefined;
  /** How long each of the app's queries waited, in ms, sorted. */
  waits: number[];
}

/** Between the end of one of the app's queries and the next. */
const EVERY_MS = 10;
const GIVE_UP_MS = 180_000;

/** Performs a task on a database that is fresh. */
export async function measure(db: PGliteInterface, task: Task): Promise<Result> {
  const base = `${task.origin}/load/${task.load.tables}x${task.load.rows}`;
  const tables = tablesOf(task.load);
  const blobs = task.candidate === "copy" ? await Promise.all(tables.map((table) => ready(`${base}/copy/${table}`))) : [];
  const syncs = counted(db);
  const stop = task.reader ? read(db) : () => Promise.resolve([]);
  const start = performance.now();
  const end = await perform(db, task, base, tables, blobs);
  const ms = performance.now() - start;
  const seen = syncs && { ...syncs };
  await (db as Files).syncToFs?.();
  const storedMs = performance.now() - start;
  const waits = await stop();
  let rows = 0;
  if (task.candidate !== "fetch") {
    for (const table of tables) rows += (await db.query<{ n: number }>(`select count(*)::int as n from "${table}"`)).rows[0]?.n ?? 0;
    if (rows !== task.load.tables * task.load.rows) throw new Error(`${rows} rows are there`);
  }
  await end();
  return { ms, storedMs, rows, syncs: seen, waits: waits.sort((a, b) => a - b) };
}

/** What PGlite has, and its interface does not name. */
interface Files {
  syncToFs?: () => Promise<void>;
}

/** Counts from now on how often the files are written out. */
function counted(database: PGliteInterface): { count: number; ms: number } | undefined {
  const db = database as Files;
  // A PGliteWorker's files are written out by the worker, out of this sight.
  const write = "isLeader" in db ? undefined : db.syncToFs?.bind(db);
  if (!write) return undefined;
  const syncs = { count: 0, ms: 0 };
  db.syncToFs = async () => {
    const start = performance.now();
    await write();
    syncs.count += 1;
    syncs.ms += performance.now() - start;
  };
  return syncs;
}

type End = () => Promise<void> | void;

async function perform(db: PGliteInterface, task: Task, base: string, tables: string[], blobs: Blob[]): Promise<End> {
  const { candidate } = task;
  switch (candidate) {
    case "replica": {
      const manager = await createReplicaManager({ db, baseUrl: base, lockName: false, ...(task.limits ? { limits: task.limits } : {}) });
      await manager.checkAndMigrate();
      return () => manager.close();
    }
    case "sync:insert":
    case "sync:json":
    case "sync:csv":
    case "sync:useCopy":
      return synced(db as PGliteWithSync & PGliteInterface, base, tables, candidate.slice("sync:".length) as Method);
    case "parse":
      for (const table of tables) await parsed(db, base, table);
      return () => undefined;
    case "copy":
      await db.transaction(async (transaction) => {
        for (const [at, table] of tables.entries()) {
          await transaction.exec(createSql(table, ""));
          await copy(transaction, table, blobs[at] ?? new Blob());
          await transaction.exec(keySql(table));
        }
      });
      return () => undefined;
    case "fetch":
      for (const table of tables) await bodies(base, table, async (response) => void (await response.arrayBuffer()));
      return () => undefined;
  }
}

// ---- pglite-sync ---------------------------------------------------------------------------------------------------

type Method = "insert" | "json" | "csv" | "useCopy";

/** One subscription a table, all at once: of several in one, only the first gets the fast initial insert. */
async function synced(db: PGliteWithSync & PGliteInterface, base: string, tables: string[], initialInsertMethod: Method): Promise<End> {
  const ends: End[] = [];
  await Promise.all(
    tables.map(async (table) => {
      await db.exec(createSql(table, ", primary key (id)"));
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("gave up")), GIVE_UP_MS);
        const unhandled = (event: { reason?: unknown }): void => reject(event.reason instanceof Error ? event.reason : new Error(String(event.reason)));
        if (typeof addEventListener === "function") addEventListener("unhandledrejection", unhandled);
        else process.on("unhandledRejection", (reason) => unhandled({ reason }));
        db.sync
          .syncShapeToTable({
            shape: { url: `${base}/shape`, params: { table } },
            table,
            primaryKey: ["id"],
            shapeKey: table,
            initialInsertMethod,
            onInitialSync: () => {
              clearTimeout(timer);
              resolve();
            },
            onError: reject,
          })
          .then(({ unsubscribe }) => ends.push(unsubscribe), reject);
      });
    }),
  );
  return async () => {
    for (const end of ends) await end();
  };
}

// ---- COPY by hand --------------------------------------------------------------------------------------------------

function createSql(table: string, key: string): string {
  const columns = COLUMNS.map(({ name, type, notNull }) => `"${name}" ${type}${notNull ? " not null" : ""}`);
  return `drop table if exists "${table}"; create table "${table}" (${columns.join(", ")}${key})`;
}

const keySql = (table: string): string => `alter table "${table}" add primary key (id)`;

async function copy(db: Transaction, table: string, blob: Blob): Promise<void> {
  const columns = COLUMNS.map(({ name }) => `"${name}"`).join(", ");
  await db.query(`copy "${table}" (${columns}) from '/dev/blob' with (format text)`, [], { blob });
}

interface Message {
  value?: Record<string, string | null>;
}

const ESCAPES: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r" };

async function parsed(db: PGliteInterface, base: string, table: string): Promise<void> {
  await db.exec(createSql(table, ""));
  await bodies(base, table, async (response) => {
    const lines: string[] = [];
    for (const { value } of (await response.json()) as Message[]) {
      if (!value) continue;
      const cells = COLUMNS.map(({ name }) => value[name]?.replaceAll(/[\\\n\t\r]/g, (found) => ESCAPES[found] ?? found) ?? "\\N");
      lines.push(cells.join("\t"), "\n");
    }
    if (lines.length > 0) await db.transaction((transaction) => copy(transaction, table, new Blob(lines)));
  });
  await db.exec(keySql(table));
}

/** Follows a shape from its beginning until it is up to date. */
async function bodies(base: string, table: string, take: (response: Response) => Promise<void>): Promise<void> {
  let query = "offset=-1";
  for (;;) {
    const response = await fetch(`${base}/shape?table=${table}&${query}`, { cache: "no-store" });
    await take(response);
    if (response.headers.has("electric-up-to-date")) return;
    query = `offset=${response.headers.get("electric-offset") ?? ""}&handle=${response.headers.get("electric-handle") ?? ""}`;
  }
}

const ready = async (url: string): Promise<Blob> => (await fetch(url)).blob();

// ---- the app's queries ---------------------------------------------------------------------------------------------

/** Begins to query as an app would; answers how to stop it and get the waits. */
function read(db: PGliteInterface): () => Promise<number[]> {
  const waits: number[] = [];
  const stop = new AbortController();
  const reading = (async () => {
    while (!stop.signal.aborted) {
      const start = performance.now();
      await db.query("select 1");
      waits.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  })();
  return async () => {
    stop.abort();
    await reading;
    return waits;
  };
}
