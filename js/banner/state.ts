/**
 * How migrations stand, from what the replica told.
 *
 * Owns: which event makes an earlier one history. Must not know: who shows it, or where the events come from.
 */
import type { MigrationComplete, MigrationError, MigrationPending, MigrationProgress, MigrationStart, ReplicaEvent, UpdateNeeded } from "../events.js";

/** How migrations stand. What is `undefined` is not the case. */
export interface MigrationState {
  /** A rebuild is under way; nothing more is known of one whose start was not heard. */
  readonly running: MigrationStart | "unannounced" | undefined;
  /** How far it is. */
  readonly progress: MigrationProgress | undefined;
  /** A rebuild waits for the app's word. */
  readonly pending: MigrationPending | undefined;
  /** The last run failed. */
  readonly error: MigrationError | undefined;
  /** The server's schema lacks something that this build of the app reads. */
  readonly updateNeeded: UpdateNeeded | undefined;
  /** The rebuild that was finished last, until another begins. */
  readonly complete: MigrationComplete | undefined;
}

/** Nothing was told yet. */
export const QUIET: MigrationState = {
  running: undefined,
  progress: undefined,
  pending: undefined,
  error: undefined,
  updateNeeded: undefined,
  complete: undefined,
};

/** The events that {@link after} goes by. */
export const TOLD = [
  "migration:pending",
  "migration:start",
  "migration:progress",
  "migration:complete",
  "migration:error",
  "update-needed",
  "adopted",
  "purged",
  "status",
] as const satisfies ReplicaEvent["type"][];

/** How migrations stand after an event. */
export function after(state: MigrationState, event: ReplicaEvent): MigrationState {
  switch (event.type) {
    case "migration:pending":
      return { ...state, pending: event };
    case "migration:start":
      return { ...QUIET, updateNeeded: state.updateNeeded, running: event };
    case "migration:progress":
      return { ...state, running: state.running ?? "unannounced", progress: event };
    case "migration:complete":
      return { ...QUIET, updateNeeded: beyond(state.updateNeeded, event.to), complete: event };
    case "migration:error":
      return event.closesMigration ? { ...QUIET, updateNeeded: state.updateNeeded, error: event } : { ...state, error: event };
    case "update-needed":
      // Where the old replica is kept for it, no rebuild waits any more.
      return { ...state, updateNeeded: event, pending: event.kept ? undefined : state.pending };
    case "adopted":
      return { ...QUIET, updateNeeded: beyond(state.updateNeeded, event.to) };
    case "purged":
      return QUIET;
    case "status":
      return event.status === "ready" || event.leader === "ready" ? whole(state) : state;
    case "query-failed":
    case "replica:unhealthy":
    case "replica:verified":
    case "warning":
      return state;
  }
}

/** Whole and of the server's version: whatever failed before was made good, and what waited or was kept back is no longer wanted. */
const whole = (state: MigrationState): MigrationState => ({
  ...state,
  pending: undefined,
  error: undefined,
  updateNeeded: state.updateNeeded?.kept === true ? undefined : state.updateNeeded,
});

/** What was needed for another version than the one there is now is needed no more. */
const beyond = (needed: UpdateNeeded | undefined, version: string): UpdateNeeded | undefined => (needed?.to === version ? needed : undefined);

/** The same without these events, which a person has answered. */
export function without({ running, progress, pending, error, updateNeeded, complete }: MigrationState, answered: WeakSet<object>): MigrationState {
  const unless = <Event extends object>(event: Event | undefined): Event | undefined => (event && answered.has(event) ? undefined : event);
  return { running, progress, pending: unless(pending), error: unless(error), updateNeeded: unless(updateNeeded), complete: unless(complete) };
}

/** How much of a rebuild is done, from 0 to 1; `undefined` where nothing says how much there is. */
export function fractionOf({ rows, expectedRows, tablesDone, tablesTotal }: MigrationProgress): number | undefined {
  if (expectedRows !== null && expectedRows > 0) return Math.min(1, rows / expectedRows);
  return tablesTotal > 1 ? Math.min(1, tablesDone / tablesTotal) : undefined;
}
