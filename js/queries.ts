/**
 * Live queries that no longer fit what the server made of their tables. PGlite sets each up again when it hears that its
 * table was replaced, and nobody waits for that: where it fails, the rejection is nobody's. The core finds out which
 * queries do not follow, and the app is told by an event; so those rejections are held back here until it is clear
 * whose they are, and any other goes on as if nobody had looked.
 */

/** How long after a rebuild the core may take to find out, and a little more, in milliseconds. */
const VERDICT_MS = 5_000;
/** What PGlite was doing, in its own words, which hold the name of the query's view. */
const SET_UP = /^\s*CREATE OR REPLACE TEMP VIEW (live_query_[0-9a-f]{32}_view) AS\s/;

/** Something that tells of rejections nobody handles: a window, or a worker's global object. */
type Scope = Pick<EventTarget, "addEventListener" | "removeEventListener">;

export class FailedQueries {
  readonly #failed = new Set<string>();
  readonly #held = new Map<string, { reason: Error; timer: ReturnType<typeof setTimeout> }>();
  readonly #released = new WeakSet<object>();
  readonly #scope: Scope | undefined;

  constructor(scope: Partial<Scope> = globalThis) {
    if (typeof scope.addEventListener !== "function") return;
    this.#scope = scope as Scope;
    this.#scope.addEventListener("unhandledrejection", this.#rejected);
  }

  /** The app was told of this one: whatever it rejects with from now on is known. */
  told(view: string): void {
    this.#failed.add(view);
    const held = this.#held.get(view);
    if (held) clearTimeout(held.timer);
    this.#held.delete(view);
  }

  /** Holds nothing back any more. */
  close(): void {
    this.#scope?.removeEventListener("unhandledrejection", this.#rejected);
    for (const view of [...this.#held.keys()]) this.#release(view);
  }

  readonly #rejected = (event: Event): void => {
    const reason: unknown = (event as PromiseRejectionEvent).reason;
    const view = viewOf(reason);
    if (view === undefined || this.#released.has(reason as object)) return;
    if (!this.#failed.has(view)) {
      if (this.#held.has(view)) return;
      this.#held.set(view, { reason: reason as Error, timer: setTimeout(() => this.#release(view), VERDICT_MS) });
    }
    event.preventDefault();
  };

  #release(view: string): void {
    const held = this.#held.get(view);
    if (!held) return;
    this.#held.delete(view);
    clearTimeout(held.timer);
    this.#released.add(held.reason);
    void Promise.reject(held.reason);
  }
}

/** The view that PGlite could not make. */
function viewOf(reason: unknown): string | undefined {
  const { query } = Object(reason) as { query?: unknown };
  return typeof query === "string" ? SET_UP.exec(query)?.[1] : undefined;
}
