/** The database, where it runs in a worker. */
import type { PGlite } from "@electric-sql/pglite";
import { worker } from "@electric-sql/pglite/worker";
import { serveReplica } from "electric-replica/worker";

import { open } from "../database.ts";
import type { Settings } from "../database.ts";
import { isSwap } from "../measures/watch.ts";
import type { Took } from "../measures/watch.ts";

void worker({
  init: async ({ dataDir, meta }) => serveReplica(telling(await open(dataDir ?? "", (meta as { settings: Settings }).settings))),
});

/** Has the page told how long each swap took that was run here. */
function telling<T extends PGlite>(db: T): T {
  const execProtocol = db.execProtocol.bind(db);
  db.execProtocol = async (...given) => {
    const start = performance.now();
    const result = await execProtocol(...given);
    if (isSwap(given[0])) postMessage({ took: performance.now() - start } satisfies Took);
    return result;
  };
  return db;
}
