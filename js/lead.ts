import { Holdings } from "./holdings.js";

/**
 * One leader among all tabs, by Web Locks. Where a browser has none, or the database is this page's alone, this one leads
 * at once.
 */
export class Lead {
  readonly #abort = new AbortController();
  readonly #granted: Promise<void>;
  readonly #end: () => void;

  /** @param name of the lock; nothing where the database is this page's alone */
  constructor(name: string | undefined, locks: Pick<LockManager, "request"> | undefined = globalLocks(), holdings = new Holdings()) {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#granted = new Promise((resolve, reject) => {
      if (name === undefined || !locks) {
        resolve();
        return;
      }
      const hold = () => {
        resolve();
        return held;
      };
      // Rejects when the wait is given up.
      locks.request(name, { signal: this.#abort.signal }, hold).catch(reject);
    });
    this.#granted.catch(() => undefined); // told to whoever waits
    this.#end = holdings.hold(() => {
      release();
      this.#abort.abort();
    });
  }

  /** Resolves when this one leads. */
  granted(): Promise<void> {
    return this.#granted;
  }

  /** Hands the lead on, or gives the wait for it up. */
  end(): void {
    this.#end();
  }
}

function globalLocks(): LockManager | undefined {
  return (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks;
}
