/**
 * The replica's events as hooks of the app.
 *
 * Owns: their names and types. Must not know: when they are told.
 */
import type { ReplicaEvents } from "../../events.js";
import type { ReplicaManager } from "../../types.js";

/** A hook for each event: `electric:migration:start`, `electric:update-needed` and so on, called with the event. */
export type ReplicaHooks = { [Name in keyof ReplicaEvents as `electric:${Name}`]: (event: ReplicaEvents[Name]) => void | Promise<void> };

/** The events, each of them. A record, so that none can be forgotten. */
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

/** As much of Nuxt's app as tells hooks. */
export interface Hooked {
  callHook: (name: keyof ReplicaHooks, event: unknown) => unknown;
}

/** Calls the app's hooks for each event. What a hook throws is nobody else's: it is told to the console. @returns a function that ends it */
export function tellHooks(manager: Pick<ReplicaManager, "on">, app: Hooked): () => void {
  const ends = Object.keys(NAMES).map((name) =>
    manager.on(name as keyof ReplicaEvents, (event) => {
      void callHook(app, `electric:${name as keyof ReplicaEvents}`, event);
    }),
  );
  return () => ends.forEach((end) => end());
}

/** Calls one hook of the app, and waits for it. */
export async function callHook(app: Hooked, name: keyof ReplicaHooks, event: unknown): Promise<void> {
  try {
    await app.callHook(name, event);
  } catch (thrown) {
    console.error(`electric-replica: a listener of the hook ${name} failed`, thrown);
  }
}
