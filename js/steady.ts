/**
 * A PGliteWorker whose transactions end when its leader does. By itself it lets a transaction go on in the new leader's
 * session, without its beginning and outside of any transaction; and what is asked before the new leader listens waits for ever.
 */
import type { OwnWorker } from "./own-worker.js";
import { running } from "./texts.js";
import type { Row, Text } from "./texts.js";
import type { ReplicaDatabase } from "./types.js";

/** What tells of its leader: a PGliteWorker. */
interface Shared extends ReplicaDatabase {
  onLeaderChange(listener: () => void): () => void;
  /** Nothing answers then, and its worker has ended. */
  readonly closed?: boolean;
  syncToFs(): Promise<void>;
}

/** What is for the caller of a text to say. */
export interface Manner {
  /** Whether it only looks. */
  looks: boolean;
  /** Whether its rows are needed afterwards. */
  keepsRows: boolean;
}

/** Runs a text. Answers the rows of each of its statements. */
export type SteadyRunning = (text: Text, manner: Manner) => Promise<Row[][]>;

function isShared(db: ReplicaDatabase): db is Shared {
  const { transaction, query, exec, execProtocol, onLeaderChange } = Object(db) as Partial<Shared>;
  return [transaction, query, exec, execProtocol, onLeaderChange].every((method) => typeof method === "function");
}

/**
 * The same database; where its leader changes under what it was asked, that fails, and no more of it is done: with the leader may be
 * gone what it stands on.
 */
export function steady(db: ReplicaDatabase): ReplicaDatabase {
  if (!isShared(db)) return db;
  return {
    transaction: (body) =>
      raced(db, false, (attempt) =>
        db.transaction(async () => {
          attempt.check();
          const result: unknown = await body({ execProtocol: attempt.checked(db.execProtocol.bind(db)) });
          attempt.check();
          return result;
        }),
      ),
    query: (sql, params, options) => raced(db, false, () => db.query(sql, params, options)),
    exec: (sql, options) => raced(db, false, () => db.exec(sql, options)),
    execProtocol: (message, options) => raced(db, false, () => db.execProtocol(message, options)),
    // A leader that ends has its files as they are.
    ...(typeof db.syncToFs === "function" ? { syncToFs: () => raced(db, false, () => db.syncToFs()) } : {}),
  };
}

/**
 * The same for how its texts are run. What only looks is done anew, with the new leader.
 *
 * @param own this page's worker, which runs them where the database is there
 */
export function steadyRunning(db: ReplicaDatabase, own?: Pick<OwnWorker, "isHere" | "run">): SteadyRunning {
  const run = running(db);
  if (!isShared(db)) return (text) => run(text);
  return (text, { looks, keepsRows }) =>
    raced(db, looks, (attempt) => (own?.isHere && !db.closed ? own.run(text, keepsRows) : run(text, () => attempt.check())));
}

/** Calls what one leader must answer, and another can only where it looks. */
async function raced<T>(db: Shared, looks: boolean, call: (attempt: Attempt) => Promise<T>): Promise<T> {
  for (;;) {
    const attempt = new Attempt(db);
    try {
      return await attempt.race(call(attempt));
    } catch (thrown) {
      if (!attempt.failed) throw thrown;
      if (!looks) throw attempt.failed;
    } finally {
      attempt.end();
    }
  }
}

/** What fails because another tab runs the database now. */
class Moved extends Error {}

/** Whether something failed because another tab runs the database now. */
export const isMoved = (thrown: unknown): boolean => thrown instanceof Moved;

/** Work for one leader of the database: it fails as soon as there is another. */
class Attempt {
  failed: Error | undefined;
  readonly #failure: Promise<never>;
  #end: () => void = () => undefined;

  constructor(db: Shared) {
    this.#failure = new Promise((_resolve, reject) => {
      this.#end = db.onLeaderChange(() => reject((this.failed = new Moved("the tab that ran the database ended"))));
    });
    this.#failure.catch(() => undefined); // told by `race`
  }

  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failure]);
  }

  check(): void {
    if (this.failed) throw this.failed;
  }

  checked<Args extends unknown[]>(call: (...args: Args) => Promise<unknown>): (...args: Args) => Promise<unknown> {
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
