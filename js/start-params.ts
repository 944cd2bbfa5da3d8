/**
 * What PGlite is started with so that loads take time in proportion to their rows, and the database no more room than it needs. In
 * PGlite 0.5.10 to 0.5.16 a table in memory or over IndexedDB is copied whole each time its file is extended, unless it is
 * extended by writing; and the write-ahead log keeps a gigabyte of what a server would need it for,
 * and fills each new file of it with zeros first.
 *
 * ```ts
 * import { PGlite } from "@electric-sql/pglite";
 * import { replicaStartParams } from "electric-replica";
 *
 * export const db = await PGlite.create({ dataDir: "idb://app", startParams: [...PGlite.defaultStartParams, ...replicaStartParams] });
 * ```
 */
export const replicaStartParams: readonly string[] = ["file_extend_method=write_zeros", "max_wal_size=64MB", "min_wal_size=32MB", "wal_recycle=off", "wal_init_zero=off"].flatMap((setting) => ["-c", setting]);
