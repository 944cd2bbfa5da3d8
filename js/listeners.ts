import type { ReplicaEvent, ReplicaEvents } from "./events.js";

type AnyListener = (event: never) => void;

/** Events for the window besides those of a migration. */
const OTHERS_FOR_WINDOW: readonly ReplicaEvent["type"][] = ["update-needed", "query-failed", "adopted", "purged", "status"];

/** Who listens. An event goes to the listeners of its name, and to the window where there is one. */
export class Listeners {
  readonly #byName = new Map<string, Set<AnyListener>>();

  add<Name extends keyof ReplicaEvents>(name: Name, listener: (event: ReplicaEvents[Name]) => void): () => void {
    const listeners = this.#byName.get(name) ?? new Set<AnyListener>();
    this.#byName.set(name, listeners);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  deliver(event: ReplicaEvent): void {
    for (const listener of [...(this.#byName.get(event.type) ?? [])]) {
      try {
        listener(event as never);
      } catch (thrown) {
        reportLater(thrown);
      }
    }
    const forWindow = /^(migration:|replica:)/.test(event.type) || OTHERS_FOR_WINDOW.includes(event.type);
    if (forWindow && typeof window !== "undefined") {
      window.dispatchEvent(new CustomEvent(`electric:${event.type}`, { detail: event }));
    }
  }
}

/** A listener's error is the app's: it is reported as any uncaught one, and stops nobody else. */
export function reportLater(thrown: unknown): void {
  queueMicrotask(() => {
    throw thrown;
  });
}
