/**
 * Loading rows as Postgres' clients do: `COPY … FROM STDIN`, with the rows behind it in the same message. PGlite's `exec` takes rows as a
 * Blob, which goes through the browser's own process, is read into memory once more, and is read by Postgres as a file of JavaScript's:
 * that takes a fifth longer in memory; and through a PGliteWorker each step is a message that waits for a busy page.
 *
 * Owns: which of PGlite's own steps rows take, and whether the database's files are written out. Over IndexedDB those are whole files, with
 * each piece all that the pieces before it have made. What is built is out of every reader's sight until a later transaction puts it in
 * place, and that one writes everything: a page that ends before has nothing of it, and begins anew.
 */
import type { ReplicaDatabase } from "./types.js";

type Run<T> = () => Promise<T>;

/** What keeps others out while rows are loaded: as much of PGlite as its own `exec` uses. */
interface Guarded extends ReplicaDatabase {
  _checkReady(): Promise<void>;
  _runExclusiveTransaction<T>(run: Run<T>): Promise<T>;
  _runExclusiveQuery<T>(run: Run<T>): Promise<T>;
}

/** Whether the database's files are written out. A PGliteWorker writes them all the same. */
type Writing = "written" | "unwritten";

/**
 * Runs statements, one of which reads `rows` from `STDIN`, if there are any. They are a transaction of their own, which nobody else's queries get into.
 *
 * @param check throws where no more may be done; asked before each step
 */
export type Load = (sql: string, rows: Uint8Array | undefined, writing: Writing, check?: () => void) => Promise<void>;

/** How rows are loaded into a database. */
export function loading(db: ReplicaDatabase): Load {
  return async (sql, rows, writing, check = () => undefined) => {
    const execProtocol: ReplicaDatabase["execProtocol"] = (message, options) => {
      check();
      return db.execProtocol(message, options);
    };
    const run = () => copied(execProtocol, sql, rows, writing);
    await (isGuarded(db) ? alone(db, run, check) : db.transaction(run));
  };
}

/**
 * Runs statements in whatever transaction is open.
 *
 * @param execProtocol the database's, or a session's
 */
export async function copied(execProtocol: ReplicaDatabase["execProtocol"], sql: string, rows: Uint8Array | undefined, writing: Writing): Promise<void> {
  const text = new TextEncoder().encode(`${sql}\0`);
  // A failed one leaves nothing to begin afresh, as statements that are prepared do.
  await execProtocol(messages(["Q", text], ...(rows ? ([["d", rows], ["c", NOTHING]] as const) : [])), { syncToFs: writing === "written" });
}

/** With the locks that `exec` takes. Both are let go at once: through a PGliteWorker each is a message and its answer. */
async function alone(db: Guarded, run: Run<void>, check: () => void): Promise<void> {
  await db._checkReady();
  let freed: Promise<void> | undefined;
  await db._runExclusiveTransaction(async () => {
    check();
    await new Promise<void>((resolve, reject) => {
      freed = db._runExclusiveQuery(() => run().finally(resolve));
      freed.catch(reject);
    });
  });
  await freed;
}

function isGuarded(db: ReplicaDatabase): db is Guarded {
  const inner = Object(db) as Partial<Guarded>;
  return [inner._checkReady, inner._runExclusiveTransaction, inner._runExclusiveQuery].every((method) => typeof method === "function");
}

const NOTHING = new Uint8Array();

/** Messages of Postgres' protocol, one behind the other: each its kind, its length, and what it holds. */
function messages(...all: (readonly [kind: "Q" | "d" | "c", body: Uint8Array])[]): Uint8Array {
  const bytes = new Uint8Array(all.reduce((length, [, body]) => length + HEAD + body.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [kind, body] of all) {
    bytes[at] = kind.charCodeAt(0);
    view.setInt32(at + 1, HEAD - 1 + body.length);
    bytes.set(body, at + HEAD);
    at += HEAD + body.length;
  }
  return bytes;
}

const HEAD = 5;
