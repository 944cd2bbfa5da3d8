import { PGlite } from "@electric-sql/pglite";
import { worker } from "@electric-sql/pglite/worker";
import { replicaStartParams } from "electric-replica";

worker({
  init: () => PGlite.create({ startParams: [...PGlite.defaultStartParams, ...replicaStartParams] }),
});
