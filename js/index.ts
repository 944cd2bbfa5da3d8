/**
 * A read-only replica of the server's Postgres tables in the browser's PGlite, always whole, always of the server's
 * schema. See README.md.
 *
 * @module electric-replica
 */
export { defineMigrationBanner, type MigrationBannerElement } from "./banner/element.js";
export type { MigrationState } from "./banner/state.js";
export type { BannerWords } from "./banner/words.js";
export { initReplica } from "./client.js";
export { ReplicaError, type ReplicaErrorCode } from "./errors.js";
export { createReplicaManager } from "./manager.js";
export { reloadForUpdate, reloadReason, type ReloadReason } from "./reload.js";
export { restore } from "./snapshot.js";
export { replicaStartParams } from "./start-params.js";
export type * from "./events.js";
export type * from "./types.js";
