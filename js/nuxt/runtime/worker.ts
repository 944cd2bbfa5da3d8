/** The worker in which one PGlite runs for all tabs. */
import { PGlite } from "@electric-sql/pglite";
import { worker } from "@electric-sql/pglite/worker";

import { serveReplica } from "../../worker.js";
import { startParams } from "./start-params.js";

void worker({
  init: async ({ dataDir }) => serveReplica(await PGlite.create({ ...(dataDir === undefined ? {} : { dataDir }), startParams: startParams(PGlite) })),
});
