/**
 * Migrations as refs.
 *
 * Owns: what components see of a migration. Must not know: which event makes an earlier one history.
 */
import { computed } from "vue";
import type { ComputedRef } from "vue";

import { fractionOf } from "../banner/state.js";
import type { MigrationState } from "../banner/state.js";
import type { ReplicaError } from "../errors.js";
import type { MigrationPending, MigrationProgress, UpdateNeeded } from "../events.js";
import type { ReplicaStatus } from "../types.js";
import { useProvided } from "./provided.js";

/** A rebuild's progress. */
export interface Progress extends MigrationProgress {
  /** How much of it is done, from 0 to 1; `undefined` where nothing says how much there is. */
  fraction: number | undefined;
}

/** What `useElectricMigrations()` gives. */
export interface ElectricMigrations {
  /** The manager's `checkAndMigrate()`; waits for the replica where that is still on its way. */
  checkAndMigrate: (options?: { background?: boolean }) => Promise<boolean>;
  /** The manager's `runMigration()`; waits for the replica where that is still on its way. */
  runMigration: (version?: string) => Promise<boolean>;
  /** Whether tables are being rebuilt. */
  isMigrating: ComputedRef<boolean>;
  /** How far that is; `undefined` where nothing is being rebuilt or nothing is known yet. */
  progress: ComputedRef<Progress | undefined>;
  /** Where the replica stands. */
  status: ComputedRef<ReplicaStatus>;
  /** Why the last run failed, or why there is no replica; `undefined` as soon as a rebuild begins or all is well again. */
  error: ComputedRef<ReplicaError | undefined>;
  /** What the server's schema lacks that this build of the app reads. */
  updateNeeded: ComputedRef<UpdateNeeded | undefined>;
  /** A rebuild that waits for the app's word. */
  pending: ComputedRef<MigrationPending | undefined>;
  /** All of it as one value, as the banner takes it. */
  state: ComputedRef<MigrationState>;
}

/** Migrations of the replica that was provided. All components see the same. */
export function useElectricMigrations(): ElectricMigrations {
  const { state, status, failure, ready } = useProvided();
  return {
    checkAndMigrate: async (options) => (await ready()).manager.checkAndMigrate(options),
    runMigration: async (version) => (await ready()).manager.runMigration(version),
    isMigrating: computed(() => state.value.running !== undefined),
    progress: computed(() => {
      const { progress } = state.value;
      return progress && { ...progress, fraction: fractionOf(progress) };
    }),
    status: computed(() => status.value),
    error: computed(() => failure.value ?? state.value.error?.error),
    updateNeeded: computed(() => state.value.updateNeeded),
    pending: computed(() => state.value.pending),
    state: computed(() => state.value),
  };
}
