import { idle } from "./idle.js";
import { reportLater } from "./listeners.js";
import type { MigrationPending, ReplicaEvent, UpcomingMigration } from "./events.js";
import type { ReplicaOptions, ReplicaState } from "./types.js";

/** What the policy needs of the manager. */
export interface Owner {
  /** The replica as it is now; nothing where there is none. */
  current(): ReplicaState | undefined;
  /** Tells the app. */
  deliver(event: ReplicaEvent): void;
  /** Checks, and rebuilds. */
  check(): Promise<boolean>;
}

/** The app's say in a rebuild: its policy and its hooks. What becomes of the replica is decided in the core. */
export class Policy {
  readonly #options: ReplicaOptions;
  readonly #owner: Owner;
  /** What the questions since the last rebuild are about. An answer to an older one is no answer. */
  #round = {};
  #accepted = false;
  #old: ReplicaState | undefined;

  constructor(options: ReplicaOptions, owner: Owner) {
    this.#options = options;
    this.#owner = owner;
  }

  /**
   * Resolves to whether the rebuild may begin, which `Upcoming::text` in src/core/host.rs describes.
   *
   * @throws whatever `onBefore` throws
   */
  async consult(upcoming: UpcomingMigration): Promise<boolean> {
    await Promise.resolve(); // what happened before is told before
    const old = this.#owner.current();
    // Whoever forces a rebuild has no need to be asked about it.
    if (upcoming.reason !== "forced" && !(await this.#allows(upcoming))) return false;
    const { onBefore } = this.#options;
    return !onBefore || old === undefined || (await onBefore(old, upcoming)) !== false;
  }

  /** Takes note of what the app was told, and calls its hooks. */
  hear(event: ReplicaEvent): void {
    const { onAfter, onFallback } = this.#options;
    if (event.type === "migration:start") this.#old = this.#owner.current();
    if (event.type === "migration:complete") {
      this.#round = {};
      this.#accepted = false;
      const now = this.#owner.current();
      // A rebuild that was begun may end with nothing to do: the server went back.
      const done = event.tables.length > 0 || event.from !== event.to;
      if (now && done && onAfter) call(() => onAfter(this.#old ?? null, now));
    }
    // What fails for good is not tried again by itself: the next question is a new one.
    if (event.type === "migration:error" && !event.retryable) this.#accepted = false;
    if (event.type === "migration:error" && event.code !== "CLOSED" && onFallback) call(() => onFallback(event.error));
  }

  async #allows(upcoming: UpcomingMigration): Promise<boolean> {
    switch (this.#options.policy ?? "auto") {
      case "auto":
        return true;
      case "when-idle":
        await idle();
        return true;
      case "prompt":
      case "manual":
        if (!this.#accepted) this.#owner.deliver(this.#pending(upcoming));
        return this.#accepted;
    }
  }

  #pending(upcoming: UpcomingMigration): MigrationPending {
    const round = this.#round;
    return {
      type: "migration:pending",
      ...upcoming,
      reason: "changed",
      accept: async () => {
        if (this.#round === round) this.#accepted = true;
        const rebuilt = await this.#owner.check();
        // After a failure the manager tries again by itself, without asking again.
        this.#accepted = false;
        return rebuilt;
      },
      later: () => {
        if (this.#round === round) this.#accepted = false;
      },
    };
  }
}

/** Calls a hook for which nothing waits: its error is the app's, and is reported as any uncaught one. */
function call(hook: () => unknown): void {
  try {
    Promise.resolve(hook()).catch(reportLater);
  } catch (thrown) {
    reportLater(thrown);
  }
}
