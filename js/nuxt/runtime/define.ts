/** For the app's own file: `app/electric-replica.ts`. */
import type { OwnReplicaFactory } from "./options.js";

/** What the app brings to its replica, with its types. Gives back what it is given. */
export function defineReplica(factory: OwnReplicaFactory): OwnReplicaFactory {
  return factory;
}
