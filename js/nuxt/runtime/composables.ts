/** What components import without an import. */
export { useElectricMigrations } from "../../vue/migrations.js";
export { useReplica } from "../../vue/provided.js";
export { useReplicaQuery } from "../../vue/query.js";
