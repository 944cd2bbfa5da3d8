/**
 * The app's side of DevTools: answers what the DevTools page asks, and tells it what the replica tells.
 *
 * Owns: who is answered, and by what. Must not know: how a replica is looked into.
 */
import type { ReplicaManager, ReplicaOptions } from "../types.js";
import { Inspector, problemOf } from "./inspector.js";
import { type Call, CHANNEL, isMessage, lockOf, newId, type ToDevtools } from "./messages.js";
import { Timeline } from "./timeline.js";

/** A replica to expose: its manager, and the options that was made with. */
export interface ExposedReplica extends ReplicaOptions {
  /** What `createReplicaManager()` gave. */
  manager: ReplicaManager;
}

/**
 * Lets the DevTools page look into a replica, and run the manager's calls. For development alone: any page of the origin can
 * ask. Nothing is loaded and nothing is looked at before the page asks; where the browser has no BroadcastChannel, nothing
 * happens.
 *
 * @param replica the manager, and the options that it was created with
 * @returns a function that ends it; so does closing the manager
 */
export function exposeReplica({ manager, ...options }: ExposedReplica): () => void {
  if (typeof BroadcastChannel === "undefined") return () => undefined;
  const bridge = new Bridge(manager, options);
  return () => bridge.end();
}

class Bridge {
  readonly #id = newId();
  readonly #sinceMs = Date.now();
  readonly #channel = new BroadcastChannel(CHANNEL);
  readonly #manager: ReplicaManager;
  readonly #timeline: Timeline;
  readonly #options: ReplicaOptions;
  #inspector: Inspector | undefined;
  readonly #endings: (() => void)[] = [];
  #isHere = false;
  #ended = false;

  constructor(manager: ReplicaManager, options: ReplicaOptions) {
    this.#manager = manager;
    this.#options = options;
    this.#timeline = new Timeline(manager, (entry) => this.#tell({ kind: "event", app: this.#id, entry }));
    this.#channel.addEventListener("message", this.#hear);
    this.#endings.push(manager.on("status", ({ status }) => void (status === "closed" && this.end())));
    this.#hold();
  }

  end(): void {
    if (this.#ended) return;
    this.#tell({ kind: "gone", app: this.#id });
    for (const end of this.#endings.splice(0)) end();
    this.#timeline.end();
    this.#channel.removeEventListener("message", this.#hear);
    this.#ended = true;
    this.#channel.close();
  }

  /** Holds a lock until the end, however the page ends; then it may be asked, and not before. */
  #hold(): void {
    const { locks } = (globalThis as { navigator?: { locks?: LockManager } }).navigator ?? {};
    const here = (): void => {
      this.#isHere = true;
      this.#introduce();
    };
    if (!locks) {
      here();
      return;
    }
    const held = new Promise<void>((resolve) => void this.#endings.push(resolve));
    const hold = (): Promise<void> => {
      here();
      return held;
    };
    locks.request(lockOf(this.#id), hold).catch(() => undefined); // a page that is being closed gets none, and needs none
  }

  #introduce(): void {
    const { title = "" } = (globalThis as { document?: Document }).document ?? {};
    const { pathname: path = "" } = (globalThis as { location?: Location }).location ?? {};
    this.#tell({ kind: "here", app: { id: this.#id, title, path, sinceMs: this.#sinceMs } });
  }

  readonly #hear = ({ data }: MessageEvent<unknown>): void => {
    if (!isMessage(data)) return;
    if (data.kind === "who" && this.#isHere) this.#introduce();
    if (data.kind === "ask" && data.app === this.#id) void this.#answer(data.ask, data.call);
  };

  async #answer(ask: string, call: Call): Promise<void> {
    try {
      this.#tell({ kind: "answer", ask, value: await this.#called(call) });
    } catch (thrown) {
      this.#tell({ kind: "refused", ask, problem: problemOf(thrown) });
    }
  }

  #called(call: Call): Promise<unknown> {
    switch (call.name) {
      case "inspect":
        return this.#look();
      case "timeline":
        return Promise.resolve(this.#timeline.entries);
      case "sample":
        return this.#looking().sample(call.table, call.columns);
      case "check":
        return this.#manager.checkAndMigrate();
      case "migrate":
        return this.#manager.runMigration();
      case "rollback":
        return this.#manager.rollback();
      case "verify":
        return this.#manager.verify({ server: call.server });
      case "purge":
        return this.#manager.purge().then(() => true);
    }
  }

  async #look(): Promise<unknown> {
    const inspection = await this.#looking().inspect();
    return { status: this.#manager.status, version: this.#manager.version ?? null, inspection };
  }

  #looking(): Inspector {
    return (this.#inspector ??= new Inspector(this.#options));
  }

  #tell(message: ToDevtools): void {
    if (!this.#ended) this.#channel.postMessage(message);
  }
}
