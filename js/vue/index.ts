/**
 * The replica in Vue: `provideReplica` in the app, the rest in its components. Needs Vue 3.5.
 *
 * @module electric-replica/vue
 */
export { MigrationBanner, type MigrationBannerEmits, type MigrationBannerSlots } from "./banner.js";
export { useElectricMigrations, type ElectricMigrations, type Progress } from "./migrations.js";
export { provideReplica, useReplica, type Replica } from "./provided.js";
export { useReplicaQuery, type QueryField, type ReplicaQuery } from "./query.js";
