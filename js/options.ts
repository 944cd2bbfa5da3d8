import type { ReplicaDatabase, ReplicaOptions, TableOptions } from "./types.js";

/** The options that are plain data, in the words src/client/options.rs reads. */
export function plainOptions(options: ReplicaOptions): object {
  const base = (options.baseUrl ?? "/api/electric").replace(/\/+$/, "");
  return {
    versionUrl: options.versionUrl ?? `${base}/version`,
    schemasUrl: options.schemasUrl ?? `${base}/schemas`,
    shapeUrl: options.shapeUrl ?? `${base}/shape`,
    schema: options.schema ?? "public",
    tables: options.tables?.map(plainTable),
    strategy: options.strategy ?? "swap",
    scope: options.scope ?? "changed",
    lockName: lockName(options),
    limits: options.limits,
  };
}

function plainTable(table: string | TableOptions): object {
  return typeof table === "string" ? { name: table } : { ...table };
}

/** The name of the lock that one tab holds, or nothing where no other tab can reach the database. */
function lockName(options: ReplicaOptions): string | undefined {
  if (options.lockName === false) return undefined;
  if (options.lockName !== undefined) return options.lockName;
  const place = dataDir(options.db);
  const inMemory = place === undefined || place.startsWith("memory://") || place === "";
  return inMemory ? undefined : `electric-replica:${place}:${options.schema ?? "public"}`;
}

/** Where the database keeps its files: PGlite and PGliteWorker both say, though neither type does. */
function dataDir(db: ReplicaDatabase): string | undefined {
  const place = (db as { dataDir?: unknown } | undefined)?.dataDir;
  return typeof place === "string" ? place : undefined;
}

/** The app's `fetch` with the app's headers. */
export function requester(options: ReplicaOptions): (url: string, init: RequestInit) => Promise<Response> {
  const { headers } = options;
  const send = options.fetch ?? ((input: string, init: RequestInit) => fetch(input, init));
  if (headers === undefined) return (url, init) => send(url, init);
  return async (url, init) => {
    const own = typeof headers === "function" ? await headers() : headers;
    return send(url, { ...init, headers: own });
  };
}
