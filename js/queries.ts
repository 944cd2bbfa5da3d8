/**
 * Live queries that no longer fit what the server made of their tables. PGlite sets each up again when it hears that its
 * table was replaced, and nobody waits for that: where it fails, the rejection is nobody's. The core finds out which
 * queries do not follow, and the app is told by an event; so those rejections are held back here until it is clear
 * whose they are, and any other goes on as if nobody had looked.
 */

import type { QueryFailed } from "./events.js";

/** How long after a rebuild the core may take to find out, and a little more, in milliseconds. */
const VERDICT_MS = 5_000;
/** What PGlite was doing, in its own words, which hold the name of the query's view. */
const SET_UP = /^\s*CREATE OR REPLACE TEMP VIEW (live_query_[0-9a-f]{32}_view) AS\s/;

/** What Postgres says of a name that is not there. Of what went wrong in a PGliteWorker's worker a rejection says nothing else. */
const NOT_THERE = /^(?:column|relation) "?(?:[^".]+\.)?([^"]+?)"? does not exist$/;

/** Something that tells of rejections nobody handles: a window, or a worker's global object. */
type Scope = Pick<EventTarget, "addEventListener" | "removeEventListener">;

export class FailedQueries {
  readonly #failed = new Set<string>();
  /** By the view, or by what is not there where that is all there is to know it by. */
  readonly #held = new Map<string, { reasons: Error[]; timer: ReturnType<typeof setTimeout> }>();
  readonly #released = new WeakSet<object>();
  readonly #scope: Scope | undefined;

  constructor(scope: Partial<Scope> = globalThis) {
    if (typeof scope.addEventListener !== "function") return;
    this.#scope = scope as Scope;
    this.#scope.addEventListener("unhandledrejection", this.#rejected);
  }

  /**
   * The app was told of this one: whatever it rejects with from now on is known by its view. By what it lacks only
   * those are known that are held already: a query of the app's own may name the same.
   */
  told({ view, missing }: Pick<QueryFailed, "view" | "missing">): void {
    this.#failed.add(view);
    for (const key of [view, ...missing.map((name) => name.slice(name.lastIndexOf(".") + 1))]) {
      const held = this.#held.get(key);
      if (held) clearTimeout(held.timer);
      this.#held.delete(key);
    }
  }

  /** Holds nothing back any more. */
  close(): void {
    this.#scope?.removeEventListener("unhandledrejection", this.#rejected);
    for (const key of [...this.#held.keys()]) this.#release(key);
  }

  readonly #rejected = (event: Event): void => {
    const reason: unknown = (event as PromiseRejectionEvent).reason;
    const key = keyOf(reason);
    if (key === undefined || this.#released.has(reason as object)) return;
    if (!this.#failed.has(key)) {
      const held = this.#held.get(key) ?? { reasons: [], timer: setTimeout(() => this.#release(key), VERDICT_MS) };
      held.reasons.push(reason as Error);
      this.#held.set(key, held);
    }
    event.preventDefault();
  };

  #release(key: string): void {
    const held = this.#held.get(key);
    if (!held) return;
    this.#held.delete(key);
    clearTimeout(held.timer);
    for (const reason of held.reasons) {
      this.#released.add(reason);
      void Promise.reject(reason);
    }
  }
}

/** The view that PGlite could not make, or what is not there. */
function keyOf(reason: unknown): string | undefined {
  const { query } = Object(reason) as { query?: unknown };
  if (typeof query === "string") return SET_UP.exec(query)?.[1];
  return reason instanceof Error ? NOT_THERE.exec(reason.message)?.[1] : undefined;
}
