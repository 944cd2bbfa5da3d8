/**
 * What is known of the replica in the page: the public runtime configuration, and what the app's own file gives.
 *
 * Owns: their types, and the way from a configuration to options. Must not know: Nuxt.
 */
import type { ReplicaDatabase, ReplicaOptions } from "../../types.js";

/** What becomes of a page whose code is too old for the server's schema, once newer code is deployed. The banner offers the button in any case. */
export type UpdatePolicy = "banner" | "navigation" | "at-once";

/** The options of `createReplicaManager()` that are plain data. */
export type PlainReplicaOptions = Pick<
  ReplicaOptions,
  "schema" | "tables" | "strategy" | "scope" | "schemaSource" | "persist" | "keepPreviousMs" | "policy" | "check" | "lockName" | "limits" | "versionUrl" | "schemasUrl" | "shapeUrl"
>;

/** The public part of the runtime configuration: `NUXT_PUBLIC_ELECTRIC_REPLICA_BASE_URL` and so on set it where the server starts. */
export interface PublicConfig {
  /** Where `/version`, `/schemas` and `/shape` are; a path is one below the app's `baseURL`. */
  baseUrl: string;
  /** Where the database is kept, as PGlite names it. */
  dataDir: string;
  /** Whether one PGlite runs in a worker for all tabs. */
  worker: boolean;
  /** Whether the app waits for the first check before it is mounted. */
  await: boolean;
  /** Whether the module calls `checkAndMigrate()`; where not, the app does. */
  start: boolean;
  /** What becomes of a page that is too old. */
  onUpdateNeeded: UpdatePolicy;
  /** Further options of `createReplicaManager()`. */
  replica: PlainReplicaOptions;
}

/** What the app's own file gives: options of `createReplicaManager()`, and with `db` a database of its own. */
export type OwnReplica = Partial<ReplicaOptions>;

/** What the app's own file exports as its default. Called in the page, once. */
export type OwnReplicaFactory = () => OwnReplica | Promise<OwnReplica>;

/**
 * The options of the manager: the module's first, then the app's own.
 *
 * @param appBase the app's `baseURL`
 * @param expects the columns that this build of the app reads
 */
export function managerOptions(config: PublicConfig, appBase: string, expects: ReplicaOptions["expects"], { db, ...own }: OwnReplica & { db: ReplicaDatabase }): ReplicaOptions {
  return { ...config.replica, baseUrl: below(appBase, config.baseUrl), ...(expects === undefined ? {} : { expects }), ...own, db };
}

/** A path below the app's own; an address of another server stays what it is. */
export function below(appBase: string, path: string): string {
  return /^([a-z][a-z\d+.-]*:)?\/\//i.test(path) ? path : `${appBase.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`;
}
