/** The database of all tabs, in the worker of one of them: `?worker` in the page's address asks for it. */
import { PGlite } from '@electric-sql/pglite';
import { worker } from '@electric-sql/pglite/worker';
import { replicaStartParams } from 'electric-replica';
import { serveReplica } from 'electric-replica/worker';

void worker({
  init: async ({ dataDir }) =>
    serveReplica(await PGlite.create({ ...(dataDir === undefined ? {} : { dataDir }), startParams: [...PGlite.defaultStartParams, ...replicaStartParams] })),
});
