/** The database, where it runs in a worker. */
import { worker } from "@electric-sql/pglite/worker";

import { open } from "../database.ts";
import type { Settings } from "../database.ts";

void worker({
  init: ({ dataDir, meta }) => open(dataDir ?? "", (meta as { settings: Settings }).settings),
});
