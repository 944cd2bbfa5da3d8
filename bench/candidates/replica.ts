/** This library. */
import { createReplicaManager } from "electric-replica";
import type { ReplicaManager, ReplicaOptions } from "electric-replica";

import type { Asked, End } from "./asked.ts";

/** A manager as a bench needs it: nobody else wants to lead. */
export const manager = ({ db, worker, base, limits }: Asked, more: Partial<ReplicaOptions> = {}): Promise<ReplicaManager> =>
  createReplicaManager({ db, baseUrl: base, lockName: false, ...(worker ? { worker } : {}), ...(limits ? { limits } : {}), ...more });

export async function replica(asked: Asked): Promise<End> {
  const made = await manager(asked);
  await made.checkAndMigrate();
  return () => made.close();
}
