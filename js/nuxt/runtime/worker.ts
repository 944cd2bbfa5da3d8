/** The worker in which one PGlite runs for all tabs. */
import { PGlite } from "@electric-sql/pglite";
import { worker } from "@electric-sql/pglite/worker";

import { startParams } from "./start-params.js";

void worker({
  init: ({ dataDir }) => PGlite.create({ ...(dataDir === undefined ? {} : { dataDir }), startParams: startParams(PGlite) }),
});
