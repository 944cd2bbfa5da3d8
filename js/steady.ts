/**
 * A PGliteWorker whose transactions end when its leader does. By itself it lets a transaction go on in the new leader's
 * session, without its beginning and outside of any transaction; and what is asked before the new leader listens waits for ever.
 */
import type { ReplicaDatabase } from "./types.js";

type Call = (sql: string, ...rest: unknown[]) => Promise<unknown>;
type Session = { query: Call; exec: Call };

/** What tells of its leader: a PGliteWorker. */
interface Shared extends ReplicaDatabase {
  onLeaderChange(listener: () => void): () => void;
  syncToFs(): Promise<void>;
}

/** A database whose transactions may be said to look only. */
export interface SteadyDatabase extends ReplicaDatabase {
  transaction(body: Parameters<ReplicaDatabase["transaction"]>[0], looks?: boolean): Promise<unknown>;
}

function isShared(db: ReplicaDatabase): db is Shared {
  const { transaction, query, exec, onLeaderChange } = Object(db) as Partial<Shared>;
  return [transaction, query, exec, onLeaderChange].every((method) => typeof method === "function");
}

/**
 * The same database; where its leader changes under a transaction, that fails, and no more of it is done: with the leader may be gone
 * what it stands on. One that only `looks` is done anew, with the new leader.
 */
export function steady(db: ReplicaDatabase): SteadyDatabase {
  if (!isShared(db)) return db;
  const transaction = async (body: (session: Session) => Promise<unknown>, looks = false): Promise<unknown> => {
    for (;;) {
      const attempt = new Attempt(db);
      try {
        return await attempt.race(
          db.transaction(async (inner: Session) => {
            attempt.check();
            const result = await body({ query: attempt.checked(inner.query), exec: attempt.checked(inner.exec) });
            attempt.check();
            return result;
          }),
        );
      } catch (thrown) {
        if (!looks || !attempt.failed) throw thrown;
      } finally {
        attempt.end();
      }
    }
  };
  return {
    transaction,
    query: (sql, params, options) => raced(db, () => db.query(sql, params, options)),
    exec: (sql, options) => raced(db, () => db.exec(sql, options)),
    // A leader that ends has its files as they are.
    ...(typeof db.syncToFs === "function" ? { syncToFs: () => raced(db, () => db.syncToFs()) } : {}),
  };
}

/** Calls what one leader must answer, and no other can. */
async function raced<T>(db: Shared, call: () => Promise<T>): Promise<T> {
  const attempt = new Attempt(db);
  try {
    return await attempt.race(call());
  } finally {
    attempt.end();
  }
}

/** Work for one leader of the database: it fails as soon as there is another. */
class Attempt {
  failed: Error | undefined;
  readonly #failure: Promise<never>;
  #end: () => void = () => undefined;

  constructor(db: Shared) {
    this.#failure = new Promise((_resolve, reject) => {
      this.#end = db.onLeaderChange(() => reject((this.failed = new Error("the tab that ran the database ended"))));
    });
    this.#failure.catch(() => undefined); // told by `race`
  }

  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failure]);
  }

  check(): void {
    if (this.failed) throw this.failed;
  }

  checked(call: Call): Call {
    return (...args) => {
      this.check();
      return call(...args);
    };
  }

  end(): void {
    this.#end();
  }
}

/** Calls `listener` after the leader of a database that tabs share has changed. */
export function onLeaderChange(db: ReplicaDatabase, listener: () => void): () => void {
  return isShared(db) ? db.onLeaderChange(listener) : () => undefined;
}
