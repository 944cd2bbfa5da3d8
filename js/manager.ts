import { initReplica, loadRebuild, RawReplica, whenDead } from "./client.js";
import { manifestFromSql } from "./ddl.js";
import { ReplicaError } from "./errors.js";
import { Listeners } from "./listeners.js";
import { checkOptions, plainOptions, requester } from "./options.js";
import { Policy, type Upcoming } from "./policy.js";
import { watch } from "./triggers.js";
import type { MigrationError, ReplicaEvent, ReplicaManager, ReplicaOptions, ReplicaStatus } from "./types.js";

/**
 * Creates the manager of one replica. Nothing is fetched and nothing is touched before its first call.
 *
 * @throws {ReplicaError} `INVALID_OPTIONS`, `INVALID_NAME`, `NOT_A_DATABASE`, `NOT_INITIALIZED`
 */
export async function createReplicaManager(options: ReplicaOptions): Promise<ReplicaManager> {
  checkOptions(options);
  await initReplica();
  const listeners = new Listeners();
  const policy = new Policy(options, {
    current: () => (raw.version === undefined ? undefined : { version: raw.version, tables: raw.tables }),
    deliver: (event) => listeners.deliver(event),
    check: () => manager.checkAndMigrate(),
  });
  const raw = guarded(
    () =>
      new RawReplica(
        options.db,
        plainOptions(options),
        requester(options),
        (event: RawEvent) => {
          const told = finished(event);
          listeners.deliver(told);
          policy.hear(told);
        },
        manifestFromSql,
        (upcoming: Upcoming) => policy.consult(upcoming),
        loadRebuild,
      ),
  );
  const manager = new Manager(raw, listeners, options);
  return manager;
}

/** An event as the WebAssembly module hands it over: an error is still a plain object. */
type RawEvent = Exclude<ReplicaEvent, MigrationError> | { type: "migration:error"; error: unknown; closesMigration: boolean };

function finished(event: RawEvent): ReplicaEvent {
  if (event.type !== "migration:error") return event;
  const error = ReplicaError.from(event.error);
  return { ...event, error, code: error.code, message: error.message, retryable: error.retryable };
}

function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw ReplicaError.from(thrown);
  }
}

class Manager implements ReplicaManager {
  readonly #raw: RawReplica;
  readonly #listeners: Listeners;
  readonly #endings: (() => void)[] = [];
  readonly #dead: Promise<never>;
  #panic: ReplicaError | undefined;
  #closing: Promise<void> | undefined;

  constructor(raw: RawReplica, listeners: Listeners, options: ReplicaOptions) {
    this.#raw = raw;
    this.#listeners = listeners;
    this.#dead = new Promise((_resolve, reject) => {
      this.#endings.push(
        whenDead((cause) => {
          this.#panic = new ReplicaError("INTERNAL", "while running the replica: the WebAssembly module failed", { cause });
          this.#end();
          reject(this.#panic);
        }),
      );
    });
    this.#dead.catch(() => undefined); // told to whoever calls
    this.#endings.push(watch(options.check ?? {}, () => void this.#look()));
    const { signal } = options;
    if (signal) {
      const abort = () => void this.close();
      signal.addEventListener("abort", abort, { once: true });
      this.#endings.push(() => signal.removeEventListener("abort", abort));
      if (signal.aborted) abort();
    }
    if (options.check?.onLoad) this.checkAndMigrate().catch(() => undefined); // told by events
  }

  get status(): ReplicaStatus {
    return this.#panic ? "error" : (this.#raw.status as ReplicaStatus);
  }

  get version(): string | undefined {
    return this.#panic ? undefined : this.#raw.version;
  }

  checkAndMigrate({ background = false }: { background?: boolean } = {}): Promise<boolean> {
    return this.#call(() => (background ? this.#raw.background() : this.#raw.check()));
  }

  runMigration(version?: string): Promise<boolean> {
    return this.#call(() => this.#raw.force(version));
  }

  async reset(): Promise<void> {
    await this.#call(() => this.#raw.force());
  }

  rollback(): Promise<boolean> {
    return this.#call(() => this.#raw.rollback());
  }

  async purge(): Promise<void> {
    await this.#call(() => this.#raw.purge());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#end();
    if (!this.#panic) await this.#call(() => this.#raw.close());
  }

  on: ReplicaManager["on"] = (name, listener) => this.#listeners.add(name, listener);

  #look(): void {
    if (!this.#panic) this.#raw.look();
  }

  #end(): void {
    for (const end of this.#endings.splice(0)) end();
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    if (this.#panic) throw this.#panic;
    try {
      return await Promise.race([call(), this.#dead]);
    } catch (thrown) {
      throw ReplicaError.from(thrown);
    }
  }
}

