/**
 * What PGlite is started with so that loads take time in proportion to their rows. In PGlite 0.5.10 to 0.5.16 a table in
 * memory or over IndexedDB is copied whole each time its file is extended, unless it is extended by writing:
 *
 * ```ts
 * PGlite.create({ startParams: [...PGlite.defaultStartParams, ...replicaStartParams] });
 * ```
 */
export const replicaStartParams: readonly string[] = ["-c", "file_extend_method=write_zeros"];
