import { initReplica, loadRebuild, RawReplica, whenDead } from "./client.js";
import { manifestFromSql } from "./ddl.js";
import { ReplicaError } from "./errors.js";
import { Holdings } from "./holdings.js";
import { Lead } from "./lead.js";
import { Listeners } from "./listeners.js";
import { checkOptions, holding, lockName, optionsText, requester } from "./options.js";
import type { PlainError } from "./news.js";
import { OwnWorker } from "./own-worker.js";
import { Policy } from "./policy.js";
import { FailedQueries } from "./queries.js";
import { Exchange } from "./requests.js";
import { snapshotOf } from "./snapshot.js";
import { onLeaderChange, steady, steadyRunning } from "./steady.js";
import { persist, room } from "./storage.js";
import { type TabCall, Tabs } from "./tabs.js";
import { Transactions } from "./transactions.js";
import { isHidden, watch, watchOver } from "./triggers.js";
import type { MigrationError, ReplicaEvent, StatusChange, UpcomingMigration } from "./events.js";
import type { ReplicaManager, ReplicaOptions, ReplicaState, ReplicaStatus, VerifyOptions } from "./types.js";

/**
 * Creates the manager of one replica. Nothing is fetched and nothing is touched before its first call.
 *
 * @throws {@link ReplicaError} `INVALID_OPTIONS`, `INVALID_NAME`, `NOT_A_DATABASE`, `NOT_INITIALIZED`
 */
export async function createReplicaManager(options: ReplicaOptions): Promise<ReplicaManager> {
  checkOptions(options);
  await initReplica();
  const listeners = new Listeners();
  const deliver = (event: ReplicaEvent): void => {
    if (event.type === "query-failed") queries.told(event);
    listeners.deliver(event);
  };
  const policy = new Policy(options, {
    current: () => manager.replica,
    deliver,
    check: () => manager.checkAndMigrate(),
  });
  const tabs: Tabs = new Tabs(lockName(options), {
    holding: holding(options.db),
    status: () => manager.status,
    version: () => manager.replica?.version,
    deliver,
    perform: (call) => manager.perform(call),
  });
  const tell = (event: ReplicaEvent): void => {
    const told = tabs.tell(event);
    deliver(told);
    policy.hear(told);
  };
  const own = options.worker && new OwnWorker(options.worker);
  const transactions = new Transactions(steady(options.db), steadyRunning(options.db, own));
  const send = requester(options);
  const holdings = new Holdings();
  const { sync } = options;
  const page = {
    transact: transactions.run.bind(transactions),
    get hidden() {
      return isHidden();
    },
    request: (url: string) => new Exchange(send, url, holdings),
    lead: (lockName?: string) => {
      const lead = new Lead(lockName, undefined, holdings);
      // Before the module hears of it, and tells of what it does.
      lead.granted().then(() => tabs.led(), () => undefined);
      return lead;
    },
    // Later, and in order: whoever listens may call the module. What it told before it failed is told before that.
    tell: (event: string, cause: unknown) =>
      queueMicrotask(() => {
        if (!holdings.ended) tell(finished(JSON.parse(event) as RawEvent, cause));
      }),
    manifestFromSql,
    consult: (upcoming: string) => policy.consult(JSON.parse(upcoming) as UpcomingMigration),
    loadRebuild,
    room: () => room(options.db),
    feed: (call: "stop" | "start") => sync?.[call](),
  };
  const raw = guarded(() => new RawReplica(optionsText(options), page));
  const queries = new FailedQueries();
  const manager: Manager = new Manager(raw, { listeners, tabs, queries, own }, options, (panic) => {
    tabs.failed(panic).forEach(tell);
    tabs.close();
    own?.close();
    holdings.end();
  });
  return manager;
}

/** An event as `Event::text` in src/core/event.rs writes it: an error is still a plain object, and of other tabs it knows nothing. */
type RawEvent =
  | Exclude<ReplicaEvent, MigrationError | StatusChange>
  | Omit<StatusChange, "leader">
  | { type: "migration:error"; error: PlainError; closesMigration: boolean; missing: string[] };

/** The text that `Machine::state` in src/core/machine/showing.rs writes. */
interface RawState {
  status: ReplicaStatus;
  replica: ReplicaState | null;
}

/** What `Ask::read` in src/core/machine/vocabulary.rs reads: a call, and what it takes. */
type Ask = ["check" | "background" | "rollback" | "purge" | "close" | "look" | "watch" | "moved"] | ["force", version?: string | undefined] | ["verify", against: "server" | false];

function finished(event: RawEvent, cause: unknown): ReplicaEvent {
  if (event.type === "status") return { ...event, leader: null };
  if (event.type !== "migration:error") return event;
  const error = ReplicaError.from({ ...event.error, cause });
  return { ...event, error, code: error.code, message: error.message, retryable: error.retryable };
}

function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw ReplicaError.from(thrown);
  }
}

/** What a manager is made of besides the module. */
interface Parts {
  listeners: Listeners;
  tabs: Tabs;
  queries: FailedQueries;
  own: OwnWorker | undefined;
}

class Manager implements ReplicaManager {
  readonly #raw: RawReplica;
  readonly #listeners: Listeners;
  readonly #tabs: Tabs;
  readonly #own: OwnWorker | undefined;
  readonly #db: ReplicaOptions["db"];
  /** Asks the browser to keep the database, at the first call. */
  #persist: (() => void) | undefined;
  readonly #endings: (() => void)[] = [];
  readonly #dead: Promise<never>;
  #panic: ReplicaError | undefined;
  #closing: Promise<void> | undefined;

  /** @param failed called after the module has failed, once what it told before is told */
  constructor(raw: RawReplica, { listeners, tabs, queries, own }: Parts, options: ReplicaOptions, failed: (panic: ReplicaError) => void) {
    this.#raw = raw;
    this.#listeners = listeners;
    this.#tabs = tabs;
    this.#own = own;
    this.#db = options.db;
    this.#persist = options.persist ? () => void persisted(listeners) : undefined;
    tabs.open();
    // What is no PGliteWorker has none to be ready for.
    own?.open(Promise.resolve((Object(this.#db) as { waitReady?: Promise<void> }).waitReady), (listener) => onLeaderChange(this.#db, listener));
    this.#dead = new Promise((_resolve, reject) => {
      this.#endings.push(
        whenDead((cause) => {
          const panic = (this.#panic = new ReplicaError("INTERNAL", "while running the replica: the WebAssembly module failed", { cause }));
          this.#end();
          queueMicrotask(() => failed(panic));
          reject(panic);
        }),
      );
    });
    this.#dead.catch(() => undefined); // told to whoever calls
    this.#endings.push(() => queries.close());
    const check = options.check ?? {};
    this.#endings.push(watch(check, () => this.#tell("look"), options.limits?.spreadMs));
    this.#endings.push(watchOver(check, () => this.#tell("watch")));
    this.#endings.push(onLeaderChange(options.db, () => this.#tell("moved")));
    const { signal } = options;
    if (signal) {
      const abort = () => void this.close();
      signal.addEventListener("abort", abort, { once: true });
      this.#endings.push(() => signal.removeEventListener("abort", abort));
      if (signal.aborted) abort();
    }
    if (check.onLoad) this.checkAndMigrate().catch(() => undefined); // told by events
  }

  get status(): ReplicaStatus {
    return this.#panic ? "error" : this.#state.status;
  }

  get version(): string | undefined {
    return this.#panic ? undefined : this.#tabs.version(this.replica?.version);
  }

  /** The replica as this page's module knows it; nothing where there is none, or where that has failed. */
  get replica(): ReplicaState | undefined {
    return this.#panic ? undefined : (this.#state.replica ?? undefined);
  }

  get #state(): RawState {
    return JSON.parse(this.#raw.state) as RawState;
  }

  checkAndMigrate({ background = false }: { background?: boolean } = {}): Promise<boolean> {
    return this.#ask(background ? "background" : "check");
  }

  runMigration(version?: string): Promise<boolean> {
    return this.#lead({ name: "runMigration", version }, "force", version);
  }

  async reset(): Promise<void> {
    await this.#lead({ name: "reset" }, "force");
  }

  rollback(): Promise<boolean> {
    return this.#lead({ name: "rollback" }, "rollback");
  }

  verify({ server = false }: VerifyOptions = {}): Promise<boolean> {
    return this.#lead({ name: "verify", server }, "verify", server && "server");
  }

  snapshot(): Promise<Blob> {
    return this.#call(() => snapshotOf(this.#db));
  }

  async purge(): Promise<void> {
    await this.#lead({ name: "purge" }, "purge");
  }

  /** Does what another tab asks for. */
  perform(call: TabCall): Promise<unknown> {
    switch (call.name) {
      case "runMigration":
        return this.runMigration(call.version);
      case "verify":
        return this.verify(call);
      case "reset":
      case "purge":
      case "rollback":
        return this[call.name]();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#end();
    try {
      if (!this.#panic) await this.#ask("close");
    } finally {
      this.#tabs.close();
      this.#own?.close();
    }
  }

  on: ReplicaManager["on"] = (name, listener) => this.#listeners.add(name, listener);

  /** Asks, with nobody waiting for the answer: events tell of it. */
  #tell(...ask: Ask): void {
    if (!this.#panic) this.#raw.call(JSON.stringify(ask)).catch(() => undefined);
  }

  #end(): void {
    for (const end of this.#endings.splice(0)) end();
  }

  /** Calls what only the tab that leads can do: that tab does it. */
  #lead(call: TabCall, ...ask: Ask): Promise<boolean> {
    return this.#call(() => this.#tabs.call(call, () => this.#raw.call(JSON.stringify(ask))));
  }

  #ask(...ask: Ask): Promise<boolean> {
    return this.#call(() => this.#raw.call(JSON.stringify(ask)));
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    if (this.#panic) throw this.#panic;
    if (!this.#closing) this.#persist?.();
    this.#persist = undefined;
    try {
      return await Promise.race([call(), this.#dead]);
    } catch (thrown) {
      throw ReplicaError.from(thrown);
    }
  }
}

/** Asks the browser to keep what is stored, and tells where it does not agree. */
async function persisted(listeners: Listeners): Promise<void> {
  if (await persist()) return;
  listeners.deliver({ type: "warning", code: "NOT_PERSISTED", message: "the browser may evict the database: it did not agree to keep it" });
}
