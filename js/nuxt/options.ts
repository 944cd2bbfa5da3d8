/**
 * What is set in `nuxt.config.ts`.
 *
 * Owns: the options, their defaults, and the runtime configuration they become. Must not know: Nuxt.
 */
import type { PlainReplicaOptions, PublicConfig, UpdatePolicy } from "./runtime/options.js";
import type { PrivateConfig } from "./runtime/server/replica-server.js";

/** `electricReplica` in `nuxt.config.ts`. All of it may be left out. */
export interface ModuleOptions {
  /**
   * drizzle-kit's folder, from the root directory. Default `drizzle`. `false`: this server has no migrations, and says its schema by
   * `source` of its own server file, or `baseUrl` is another server's.
   */
  migrations: string | false;
  /** The tables to serve, plain or with their schema. Default: all that the migrations make. */
  tables: string[] | undefined;
  /** Where the routes are. Default `/api/electric`. The address of another server adds no routes to this one. */
  baseUrl: string;
  /** Where the database is kept, as PGlite names it. Default `idb://electric-replica`. */
  dataDir: string;
  /**
   * Whether one PGlite runs in a worker for all tabs. Default `false`: each tab has a copy, and one that hears of another is told `NOT_SHARED`. PGlite's worker
   * writes to the console what it refuses: queries that are mounted before the first load, too.
   */
  worker: boolean;
  /** Whether the app is mounted only after the first check. Default `false`. */
  await: boolean;
  /** Whether the module calls `checkAndMigrate()` when the page is loaded. Default `true`; where not, the app calls it. */
  start: boolean;
  /**
   * The columns that the app reads. `true` (default): all that the migrations make when the app is built, so that a page which is open while the
   * server takes one away keeps its old rows until it is loaded anew. `false`: none. Else as `createReplicaManager()` takes it.
   */
  expects: boolean | Record<string, string[]> | string;
  /**
   * What becomes of a page that is too old for the server's schema, once a newer build is deployed. `navigation` (default): the next navigation loads it
   * anew. `at-once`: it is loaded anew. `banner`: only the banner's button does that.
   */
  onUpdateNeeded: UpdatePolicy;
  /** Further options of `createReplicaManager()` that are plain data; functions come from the app's own file. */
  replica: PlainReplicaOptions;
  /** The app's own file, from the source directory. Default `electric-replica`, where it is there. */
  appFile: string;
  /** The server's own file, from the server directory. Default `electric-replica`, where it is there. */
  serverFile: string;
}

/** Where nothing is set. */
export const DEFAULTS: ModuleOptions = {
  migrations: "drizzle",
  tables: undefined,
  baseUrl: "/api/electric",
  dataDir: "idb://electric-replica",
  worker: false,
  await: false,
  start: true,
  expects: true,
  onUpdateNeeded: "navigation",
  replica: {},
  appFile: "electric-replica",
  serverFile: "electric-replica",
};

/** The private part of the runtime configuration. What is empty is set where the server starts. */
export const PRIVATE: PrivateConfig = { electricUrl: "", secret: "", sourceId: "" };

/** The public part. */
export function publicConfig({ baseUrl, dataDir, worker, await: waits, start, onUpdateNeeded, replica }: ModuleOptions): PublicConfig {
  return { baseUrl, dataDir, worker, await: waits, start, onUpdateNeeded, replica };
}

/** Whether the routes are this server's. */
export const isOwnServer = (baseUrl: string): boolean => baseUrl.startsWith("/") && !baseUrl.startsWith("//");
