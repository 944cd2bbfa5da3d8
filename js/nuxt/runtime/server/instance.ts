/** The routes of this server: one for all of its requests, so that what was read of the migrations is remembered. */
import * as built from "#electric-replica/server";

import { replicaServer } from "./replica-server.js";

export const server = replicaServer(built);
