/**
 * The replica's events as hooks of the app.
 *
 * Owns: their names and types. Must not know: when they are told.
 */
import { eventNames } from "../../event-names.js";
import type { ReplicaEvents } from "../../events.js";
import type { ReplicaManager } from "../../types.js";

/** A hook for each event: `electric:migration:start`, `electric:update-needed` and so on, called with the event. */
export type ReplicaHooks = { [Name in keyof ReplicaEvents as `electric:${Name}`]: (event: ReplicaEvents[Name]) => void | Promise<void> };

/** As much of Nuxt's app as tells hooks. */
export interface Hooked {
  callHook: (name: keyof ReplicaHooks, event: unknown) => unknown;
}

/** Calls the app's hooks for each event. What a hook throws is nobody else's: it is told to the console. @returns a function that ends it */
export function tellHooks(manager: Pick<ReplicaManager, "on">, app: Hooked): () => void {
  const ends = eventNames().map((name) =>
    manager.on(name, (event) => {
      void callHook(app, `electric:${name}`, event);
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
