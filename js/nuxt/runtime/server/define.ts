/** For the app's own server file: `server/electric-replica.ts`. */
import type { ReplicaServerOptions } from "./replica-server.js";

/** What the routes ask of the app, with its types. Gives back what it is given. */
export function defineReplicaServer(options: ReplicaServerOptions): ReplicaServerOptions {
  return options;
}
