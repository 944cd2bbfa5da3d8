import type { ReplicaOptions, TableOptions } from "./types.js";

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
  // What is no database at all is refused later, with a code.
  const { dataDir, onLeaderChange } = Object(options.db) as { dataDir?: unknown; onLeaderChange?: unknown };
  const schema = options.schema ?? "public";
  // A PGliteWorker is shared by all tabs and tells nobody which files it has.
  if (typeof onLeaderChange === "function") return `electric-replica:worker:${schema}`;
  const inMemory = typeof dataDir !== "string" || dataDir.startsWith("memory://") || dataDir === "";
  return inMemory ? undefined : `electric-replica:${dataDir}:${schema}`;
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
