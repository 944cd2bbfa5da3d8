/** What the replica tells. */
import type { ReplicaError } from "./errors.js";
import type { ReplicaStatus } from "./types.js";

/** Why a rebuild happens. */
export type MigrationReason = "first" | "changed" | "repair" | "forced";

/**
 * How a rebuild is done. `swap`: all tables beside the old ones, then together in their place. `table-by-table`: each put in
 * place before the next is begun, because two copies of all do not fit; in between, tables are of the old and the new
 * version. `in-place`: the old tables are dropped first, and readers see the new ones fill.
 */
export type MigrationStrategy = "swap" | "table-by-table" | "in-place";

/** A rebuild has begun. Exactly one `migration:complete` or closing `migration:error` follows. */
export interface MigrationStart {
  /** The event's name. */
  type: "migration:start";
  /** Why. */
  reason: MigrationReason;
  /** The version that is being read meanwhile; `null` where there is none. */
  from: string | null;
  /** The server's version, for which it builds. */
  to: string;
  /** The tables that are built. */
  tables: string[];
  /** As far as is known now: one that begins as `swap` goes on `table-by-table` where it runs out of room. */
  strategy: MigrationStrategy;
}

/** A rebuild goes on. */
export interface MigrationProgress {
  /** The event's name. */
  type: "migration:progress";
  /** `waiting`: Electric still serves the old structure. */
  step: "waiting" | "loading" | "settling" | "swapping";
  /** The table that it was done to last; `null` where it was none alone. */
  table: string | null;
  /** Rows loaded so far, over all tables. */
  rows: number;
  /** About how many there will be: as many as the old tables hold; `null` where there were none. */
  expectedRows: number | null;
  /** How many tables are loaded. */
  tablesDone: number;
  /** How many there are to load. */
  tablesTotal: number;
}

/** A rebuild is finished: the new tables are stored and in sight. */
export interface MigrationComplete {
  /** The event's name. */
  type: "migration:complete";
  /** Why it was done. */
  reason: MigrationReason;
  /** The version that was read until now; `null` where there was none. */
  from: string | null;
  /** The version that is read from now on. */
  to: string;
  /** The tables that were built. */
  tables: string[];
  /**
   * Tables whose rows of before are still read by temporary views that this package does not know: live queries of a PGlite
   * it was not tested with, say. They show the old rows until they are mounted again.
   */
  left: string[];
  /** How many rows were loaded, over all tables. */
  rows: number;
  /** How it was done in the end. */
  strategy: MigrationStrategy;
  /** How long it took, in milliseconds. */
  durationMs: number;
}

/** A mounted live query does not follow the tables that a rebuild or a rollback put in place: it delivers nothing any more. */
export interface QueryFailed {
  /** The event's name. */
  type: "query-failed";
  /** PGlite's name for its view. */
  view: string;
  /** The tables it read that were replaced or removed. */
  tables: string[];
  /** What it read that is no longer there, `table` or `table.column`; empty where that is not the reason. */
  missing: string[];
}

/** A rebuild of a replica that can be read, of which nothing has begun. */
export interface UpcomingMigration {
  /** Why. */
  reason: "changed" | "forced";
  /** The version that is read now. */
  from: string | null;
  /** The server's version. */
  to: string;
  /** The tables that would be built. */
  tables: string[];
  /** The tables that would go. */
  removed: string[];
  /** How it would be done: with `in-place` readers would see the tables fill. */
  strategy: MigrationStrategy;
}

/** A rebuild waits for the app's word (`policy`): nothing of it has begun, and the old replica stays live. */
export interface MigrationPending extends UpcomingMigration {
  /** The event's name. */
  type: "migration:pending";
  /** Nothing else is asked about. */
  reason: "changed";
  /** Rebuilds now, whatever version the server has by then. @returns and throws what `checkAndMigrate()` does. */
  accept: () => Promise<boolean>;
  /** Takes an `accept()` back that has not begun. Without any answer the rebuild waits as well. */
  later: () => void;
}

/** The server's schema lacks something that this build of the app reads (`expects`). */
export interface UpdateNeeded {
  /** The event's name. */
  type: "update-needed";
  /** `app-too-old`: the server took it away, newer code is needed. `server-behind`: the server does not have it yet. */
  direction: "app-too-old" | "server-behind";
  /** The version that is read; `null` where there is none. */
  from: string | null;
  /** The server's version. */
  to: string;
  /** `table` or `table.column`; empty where a fingerprint is all that is known. */
  missing: string[];
  /** Whether the old replica is kept because of it. */
  kept: boolean;
}

/** Something failed; whatever replica there was is untouched. */
export interface MigrationError {
  /** The event's name. */
  type: "migration:error";
  /** What failed. */
  error: ReplicaError;
  /** Its code, to branch on. */
  code: ReplicaError["code"];
  /** Its message, for people. */
  message: string;
  /** Whether the same call may succeed later with nothing changed on this side. */
  retryable: boolean;
  /** Whether it ends a rebuild that `migration:start` announced. */
  closesMigration: boolean;
  /**
   * The tables of the replica that cannot be read: a rebuild in place was cut off before they were loaded, or they are gone.
   * Where there never was a whole replica, it has no version, and nothing says what its tables would be.
   */
  missing: string[];
}

/** The server's new version has the structure the replica has: adopted without touching a row. */
export interface Adopted {
  /** The event's name. */
  type: "adopted";
  /** The version of before. */
  from: string;
  /** The version from now on. */
  to: string;
}

/** The replica was dropped: its tables, the record, and what was kept of the one before. */
export interface Purged {
  /** The event's name. */
  type: "purged";
  /** `called`: by `purge()`, in whichever tab. `owner`: the rows were another owner's than the option `owner` says. */
  reason: "called" | "owner";
}

/** What is wrong with a table. */
export interface Problem {
  /** Its name. */
  table: string;
  /**
   * `rows`: it has another number of rows. `structure`: it is not there, not as it was put in place, or other code has emptied
   * it or made it anew. `position`: the record does not say where it stands. `unfinished`: it was being rebuilt in place.
   * `server`: it has another number of rows than the server has at the same place of its log. `stuck`: its stream is answered,
   * but stands still while other tables' go on (`limits.stuckMs`).
   */
  reason: "rows" | "structure" | "position" | "unfinished" | "server" | "stuck";
  /** How many rows it should have; `null` but for `rows` and `server`. */
  expected: number | null;
  /** How many it has. */
  found: number | null;
}

/** A table is not what it should be: `verify()` found it, the same by itself (`check.verifyEveryMs`), or its stream stands still. */
export interface Unhealthy {
  /** The event's name. */
  type: "replica:unhealthy";
  /** What is wrong, table by table. */
  problems: Problem[];
  /** Whether those tables are fetched anew now, with what they hold in sight meanwhile. */
  repairs: boolean;
}

/** The replica was compared: by `verify()`, or by itself. What is wrong was told with `replica:unhealthy` just before. */
export interface Verified {
  /** The event's name. */
  type: "replica:verified";
  /** `server`: with the record, then with the server. */
  against: "record" | "server";
  /** Whether nothing was found to be wrong. */
  healthy: boolean;
  /**
   * Tables of which the server's number of rows could not be compared, and nothing is said: Electric has another shape or
   * structure for them by now, refuses them, or has less of its log; they are the app's own sync's; or another call was waiting.
   */
  unsure: string[];
}

/** The status changed, here or in the tab that leads. */
export interface StatusChange {
  /** The event's name. */
  type: "status";
  /** This tab's status. */
  status: ReplicaStatus;
  /** The status of the tab that leads, where another one is known to. */
  leader: ReplicaStatus | null;
}

/** This browser lacks something, or does not do it; or the way the database was opened lacks what tabs or loads need. Told once. */
export interface Warning {
  /** The event's name. */
  type: "warning";
  /**
   * `NO_WEB_LOCKS`: each tab leads by itself. `NO_BROADCAST_CHANNEL`: one leads, and the others hear of nothing.
   * `NOT_SHARED`: another tab leads, and this one reads a copy of its own, which stands still until it leads itself; a
   * PGliteWorker is one database for all tabs. `NOT_PERSISTED`: the option `persist` was set, and the browser may evict the
   * database all the same. `SLOW_LOADS`: rows take ever longer to load, because this release of PGlite copies a table's file
   * whole each time it is made larger, unless it is started with {@link replicaStartParams}.
   */
  code: "NO_WEB_LOCKS" | "NO_BROADCAST_CHANNEL" | "NOT_SHARED" | "NOT_PERSISTED" | "SLOW_LOADS";
  /** The same in words, for people. */
  message: string;
}

/** What `on` delivers, by name. */
export interface ReplicaEvents {
  /** A rebuild waits for the app (`policy`). */
  "migration:pending": MigrationPending;
  /** A rebuild begins. */
  "migration:start": MigrationStart;
  /** A rebuild goes on. */
  "migration:progress": MigrationProgress;
  /** The new tables are stored and in sight. */
  "migration:complete": MigrationComplete;
  /** A run failed. */
  "migration:error": MigrationError;
  /** A mounted live query does not follow the new tables. */
  "query-failed": QueryFailed;
  /** The server's schema lacks something of `expects`. */
  "update-needed": UpdateNeeded;
  /** A new version has the structure that the replica has. */
  adopted: Adopted;
  /** Everything was dropped. */
  purged: Purged;
  /** A table is not what it should be. */
  "replica:unhealthy": Unhealthy;
  /** The replica was compared. */
  "replica:verified": Verified;
  /** The status changed. */
  status: StatusChange;
  /** The browser, or the way the database was opened, lacks something. The window is not told. */
  warning: Warning;
}

/** Any event. */
export type ReplicaEvent = ReplicaEvents[keyof ReplicaEvents];

declare global {
  interface WindowEventMap {
    "electric:migration:pending": CustomEvent<MigrationPending>;
    "electric:replica:unhealthy": CustomEvent<Unhealthy>;
    "electric:replica:verified": CustomEvent<Verified>;
    "electric:update-needed": CustomEvent<UpdateNeeded>;
    "electric:adopted": CustomEvent<Adopted>;
    "electric:purged": CustomEvent<Purged>;
    "electric:status": CustomEvent<StatusChange>;
    "electric:query-failed": CustomEvent<QueryFailed>;
    "electric:migration:start": CustomEvent<MigrationStart>;
    "electric:migration:progress": CustomEvent<MigrationProgress>;
    "electric:migration:complete": CustomEvent<MigrationComplete>;
    "electric:migration:error": CustomEvent<MigrationError>;
  }
}
