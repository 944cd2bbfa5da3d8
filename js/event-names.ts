/** The events by their names, for who listens to all of them. */
import type { ReplicaEvents } from "./events.js";

/** A record, so that none can be forgotten. */
const NAMES: Record<keyof ReplicaEvents, true> = {
  "migration:pending": true,
  "migration:start": true,
  "migration:progress": true,
  "migration:complete": true,
  "migration:error": true,
  "query-failed": true,
  "update-needed": true,
  adopted: true,
  purged: true,
  "replica:unhealthy": true,
  "replica:verified": true,
  status: true,
  warning: true,
};

export const eventNames = (): (keyof ReplicaEvents)[] => Object.keys(NAMES) as (keyof ReplicaEvents)[];
