import type { ReplicaError } from "./errors.js";
import type { ReplicaEvents, UpcomingMigration } from "./events.js";

/* eslint-disable @typescript-eslint/no-explicit-any -- PGlite and PGliteWorker type their transactions apart, and both fit */
/** What this package needs of a database: a PGlite, a PGliteWorker, or anything with their methods. */
export interface ReplicaDatabase {
  /** Runs `body` in one transaction. */
  transaction(body: (transaction: any) => Promise<any>): Promise<any>;
  /** Runs one statement. */
  query(sql: string, params?: any[], options?: any): Promise<any>;
  /** Runs statements. */
  exec(sql: string, options?: any): Promise<any>;
  /** Sends one message of Postgres' protocol. */
  execProtocol(message: Uint8Array, options?: any): Promise<any>;
}
/* eslint-enable @typescript-eslint/no-explicit-any */

/** One table of the replica, with Electric's own parameters for its shape. */
export interface TableOptions {
  /** Its name on the server. */
  name: string;
  /** Electric's `where`: only these rows are carried. */
  where?: string;
  /** Electric's `params[1]`, `params[2]`, … for `where`. */
  params?: readonly string[];
  /** Electric's `columns`; those of the primary key are always carried. */
  columns?: readonly string[];
}

/** When the server is asked for its version without anybody calling. */
export interface CheckOptions {
  /** Right after the manager is created. Default `false`: the app calls `checkAndMigrate()` itself. */
  onLoad?: boolean;
  /** When the window gets the focus or the tab becomes visible. Default `true`. */
  onFocus?: boolean;
  /** When the network comes back. Default `true`. */
  onOnline?: boolean;
  /** Every so many milliseconds, give or take a tenth. Default one hour; 0 for never. */
  everyMs?: number;
  /**
   * How often the tab that leads compares the replica with its record by itself, as `verify()` does, in milliseconds, give or
   * take a tenth; only where somebody looks at the tab, and once it is idle. Default six hours; 0 for never.
   */
  verifyEveryMs?: number;
}

/** With what `verify()` compares the replica. */
export interface VerifyOptions {
  /** With the server as well: how many rows it has. Electric is asked for every table afresh, as for loading it. Default `false`. */
  server?: boolean;
}

/** Speeds and patience. What is left out keeps its default. */
export interface LimitOptions {
  /** Live requests at once; default 4, because a browser opens six connections to an HTTP/1.1 origin. Raise it for HTTP/2. */
  liveConnections?: number;
  /** Tables loaded at once. Default 2. */
  loads?: number;
  /** Bytes of COPY data a transaction: the least, and an eighth of the most: as many as load within some 30 ms, for which one of the app's own queries may have to wait, and more where even the least take 100 and larger ones make a row cheaper. Default 512 KiB. */
  pieceBytes?: number;
  /** How long a rebuild waits for Electric to serve the new structure, in milliseconds. Default 120,000. */
  patienceMs?: number;
  /** After how long a disagreement in NOT NULL or type modifiers is accepted, in milliseconds. Default 75,000. */
  softPatienceMs?: number;
  /** How long a rebuild waits for all tables to reach one point of the log, in milliseconds. Default 5,000. */
  settleMs?: number;
  /** How long before a server that looks older is asked once more, in milliseconds; each time nothing comes of believing it, one answer more is wanted, up to ten. Default 2,000. */
  confirmMs?: number;
  /** The shortest time between two checks that nobody called for, in milliseconds. Default 5,000. */
  throttleMs?: number;
  /**
   * Over how long the clients that are told of one change in the same instant spread what they then ask the server, in
   * milliseconds; a tab that nobody looks at takes twelve times as long, and asks as soon as it is looked at. Default 5,000.
   */
  spreadMs?: number;
  /**
   * How long until the next table in turn is asked what its structure is, in milliseconds, give or take a half, and only
   * while somebody looks at the tab; 0 for never. Default 300,000.
   */
  recheckMs?: number;
  /**
   * How long a table's answers may say that the server's log is no further than what another table has seen of it, before the
   * table counts as stuck, in milliseconds; 0 for never. Default 120,000.
   */
  stuckMs?: number;
  /** How long the version and schemas endpoints may take to answer, in milliseconds. Default 15,000. */
  askMs?: number;
  /** How long a shape's body may be silent before it counts as cut, in milliseconds; its head may take twice as long. Default 30,000. */
  stallMs?: number;
}

/**
 * The app's own sync, which fills the tables instead of this package: pglite-sync's `syncShapesToTables`, for one. Only
 * the manager starts it: the app does not.
 */
export interface SyncOptions {
  /** The keys of its subscriptions (`key`, `shapeKey`): what is remembered of them is forgotten with the tables they filled. */
  keys: readonly string[];
  /** Called before a table is touched, whether it runs or not. Nothing may be written any more once it has resolved. */
  stop(): void | Promise<void>;
  /** Called once the tables stand: in the page's first check, and after each rebuild. */
  start(): void | Promise<void>;
}

/** Request headers, or a function that makes them anew for every request. */
export type HeadersOption = Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);

/** A replica: its version, and the tables it has. */
export interface ReplicaState {
  /** The version it has. */
  version: string;
  /** The names of its tables. */
  tables: string[];
}

/** Options of `createReplicaManager`. */
export interface ReplicaOptions {
  /** The PGlite or PGliteWorker that holds the replica. */
  db: ReplicaDatabase;
  /**
   * The worker that `db`, a PGliteWorker, was made of, where its code calls `serveReplica` of `electric-replica/worker`: what is loaded
   * then goes straight there.
   */
  worker?: Worker;
  /** Where `/version`, `/schemas` and `/shape` are. Default `/api/electric`. */
  baseUrl?: string;
  /** Instead of `${baseUrl}/version`. */
  versionUrl?: string;
  /** Instead of `${baseUrl}/schemas`. */
  schemasUrl?: string;
  /** Instead of `${baseUrl}/shape`: Electric's `/v1/shape`, or a proxy before it. */
  shapeUrl?: string;
  /** The schema of PGlite in which the app reads its tables. Default `public`. */
  schema?: string;
  /** The tables to carry. Default: all that the server's manifest has. */
  tables?: readonly (string | TableOptions)[];
  /**
   * `swap` (default): beside the old tables, then in their place in one short transaction; where the browser has no room for
   * two copies, one table after the other, and where it says that not even one fits, in their place. `in-place`: drop,
   * create, load.
   */
  strategy?: "swap" | "in-place";
  /** `changed` (default): only the tables whose structure changed. `all`: every table. */
  scope?: "changed" | "all";
  /**
   * `endpoints` (default): `/version` and `/schemas`. `electric`: what Electric says of each of `tables`, which is then
   * required. For development: no index, no enum's labels (such a column is text), columns in the order of their names.
   */
  schemaSource?: "endpoints" | "electric";
  /**
   * Asks the browser, at the first call, to keep what it stores for this origin until somebody deletes it
   * (`navigator.storage.persist()`). Where it does not agree, `warning` tells `NOT_PERSISTED`. Default `false`.
   */
  persist?: boolean;
  /** How long the tables that a rebuild replaced are kept for `rollback()`, in milliseconds. Default 0: not at all. */
  keepPreviousMs?: number;
  /** The app's own sync instead of this package's. With it, `strategy` is `in-place`, `scope` is `all`, and no shape is asked for. */
  sync?: SyncOptions;
  /**
   * When a rebuild of a replica that can be read begins. `auto` (default): at once. `when-idle`: once the page is idle,
   * after ten seconds at the latest. `prompt`: once the app has accepted what `migration:pending` tells. `manual`: the
   * same, or by `runMigration()`. What forces a rebuild is not asked about; nor is the first one, nor a repair.
   */
  policy?: "auto" | "prompt" | "manual" | "when-idle";
  /**
   * The columns that this build of the app reads, by table; or the fingerprint of the whole structure it was built for.
   * A rebuild that would take any of them away is put off, and `update-needed` tells it.
   */
  expects?: Record<string, readonly string[]> | string;
  /**
   * Whose rows they are: the id of the user who is logged in, say. Rows of another owner, or of none, are dropped before
   * anything else is done, and never shown. It is stored as a hash. Default: nobody's.
   */
  owner?: string;
  /**
   * Called before a rebuild of a replica that can be read, with that replica and what would be done: where `strategy` is
   * `in-place`, readers would see the tables fill. `false`, or a promise of it, puts the rebuild off. Where it throws, the
   * run fails with `HOOK_FAILED`. The replica stays live for as long as it takes.
   */
  onBefore?: (old: ReplicaState, upcoming: UpcomingMigration) => unknown;
  /** Called after a rebuild, with the replica before (`null` where there was none) and the one there is now. */
  onAfter?: (old: ReplicaState | null, now: ReplicaState) => unknown;
  /** Called when a run failed: the app may want to ask its API instead. */
  onFallback?: (error: ReplicaError) => unknown;
  /** When to check without being called. */
  check?: CheckOptions;
  /** Instead of the global `fetch`. */
  fetch?: (input: string, init: RequestInit) => Promise<Response>;
  /** Headers of every request. */
  headers?: HeadersOption;
  /** Closes the manager. */
  signal?: AbortSignal;
  /**
   * The Web Lock that makes one tab the leader. Default: named after the database, and none for one in memory. A
   * PGliteWorker does not tell its database: where an origin has several, each needs a name of its own here.
   * `false` where this page is alone with its database.
   */
  lockName?: string | false;
  /** Speeds and patience. */
  limits?: LimitOptions;
}

/**
 * Whether the replica may be read, and how fresh it is. `ready`, `outdated`, `offline` and `held` mean whole and readable;
 * during `checking`, `migrating` and `error` a replica that was there before is still readable.
 */
export type ReplicaStatus =
  | "idle"
  | "following"
  | "checking"
  | "migrating"
  | "ready"
  | "outdated"
  | "offline"
  | "held"
  | "error"
  | "closed";

/** One replica. */
export interface ReplicaManager {
  /** Whether the replica may be read, and how fresh it is. */
  readonly status: ReplicaStatus;
  /** The version the replica follows; `undefined` where there is none, or before the first call. */
  readonly version: string | undefined;
  /**
   * Asks the server for its version and rebuilds what changed. Concurrent calls share one run.
   *
   * With `background`, resolves to `false` as soon as there is a replica to read; the run goes on, and events tell of it.
   *
   * @returns `true`: an existing replica was rebuilt. `false`: up to date, adopted, put off, offline, or set up for the
   * first time.
   * @throws {@link ReplicaError} Any code, where the run failed. The old replica, if there was one, is untouched.
   */
  checkAndMigrate(options?: { background?: boolean }): Promise<boolean>;
  /**
   * Rebuilds everything, whatever the version; only if the server is at `version`, where one is given.
   *
   * @returns as `checkAndMigrate()` does
   * @throws {@link ReplicaError} `INVALID_OPTIONS` where the server is at another version; else any code, where the run failed.
   */
  runMigration(version?: string): Promise<boolean>;
  /**
   * Forgets nothing a reader sees, but fetches every row anew from the server.
   *
   * @throws {@link ReplicaError} Any code, where the run failed. What is there stays readable.
   */
  reset(): Promise<void>;
  /**
   * Puts the tables back that the last rebuild for another version replaced, as long as they are kept. The replica then
   * is `held`: nothing changes it until `runMigration()`, or until the server has yet another version.
   *
   * @returns `true`
   * @throws {@link ReplicaError} `NO_PREVIOUS` where nothing is kept.
   */
  rollback(): Promise<boolean>;
  /**
   * Compares what is there with what the record says: the tables' structure and identity, their positions, how many rows
   * they have; with `server`, their numbers of rows with the server's as well. What is wrong is told with `replica:unhealthy`;
   * with the policies `auto` and `when-idle` it is fetched anew then. `replica:verified` says what could not be compared.
   *
   * @returns whether nothing was found to be wrong
   * @throws {@link ReplicaError} `SHAPE_UNREACHABLE`, `SHAPE_PROTOCOL` with `server`, where Electric does not answer: what is wrong by
   * the record was told before.
   */
  verify(options?: VerifyOptions): Promise<boolean>;
  /**
   * The whole database as a file, packed with gzip, which `restore()` opens: the app's own tables as well. It is PGlite's
   * `dumpDataDir()`, which keeps queries waiting; a rebuild that is under way is not in it.
   *
   * @throws {@link ReplicaError} `DATABASE_FAILED`, `NOT_A_DATABASE`
   */
  snapshot(): Promise<Blob>;
  /** Drops the replica: its tables, the record, the version in localStorage. For logging out. */
  purge(): Promise<void>;
  /** Ends: streams stop, the lead is given to another tab. The rows stay. */
  close(): Promise<void>;
  /** Calls `listener` for each event of that name. @returns a function that ends it. */
  on<Name extends keyof ReplicaEvents>(name: Name, listener: (event: ReplicaEvents[Name]) => void): () => void;
}
