/**
 * For the worker that a PGliteWorker is made of: rows go straight there, and not through a BroadcastChannel.
 *
 * @module electric-replica/worker
 */
import type { Port } from "./own-worker.js";
import { serve } from "./serving.js";
import type { ReplicaDatabase } from "./types.js";

/**
 * Has the replica of this worker's own page run its transactions here, next to the database. Call it in `init` of PGlite's
 * `worker()`, once, and give the worker to the manager as well:
 *
 * ```ts
 * import { PGlite } from "@electric-sql/pglite";
 * import { worker } from "@electric-sql/pglite/worker";
 * import { serveReplica } from "electric-replica/worker";
 *
 * worker({ init: async ({ dataDir }) => serveReplica(await PGlite.create({ dataDir })) });
 * ```
 *
 * The page of another tab, and a manager that was not given the worker, go through the PGliteWorker as ever.
 *
 * @returns the same database
 */
export function serveReplica<T extends ReplicaDatabase>(db: T): T {
  serve(db, globalThis as unknown as Port);
  return db;
}
