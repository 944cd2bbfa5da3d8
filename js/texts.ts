/**
 * Running a text as Postgres' clients do: one message of its simple protocol, with the rows behind it that a `COPY … FROM STDIN` in it
 * reads. PGlite's `exec` takes more steps, and writes the database's files out after each of them: also after what only looks, and twice
 * where the caller has to wait for that anyway. It takes rows as a Blob, which goes through the browser's own process and is read as a
 * file of JavaScript's. Through a PGliteWorker each step is a message that waits for a busy page.
 *
 * Owns: which of PGlite's own steps a text takes, and whether the database's files are written out. Over IndexedDB those are whole files,
 * with each piece of rows all that the pieces before it have made. What is built is out of every reader's sight until a later transaction
 * puts it in place, and that one writes everything: a page that ends before has nothing of it, and begins anew.
 */
import { turn } from "./turns.js";
import type { ReplicaDatabase } from "./types.js";

/** What is run as one transaction, which nobody else's queries get into. */
export interface Text {
  sql: string;
  /** What a statement of it reads from `STDIN`. */
  rows?: Uint8Array | undefined;
  /**
   * Whether the database's files are written out; what is `unseen` only where that writes no more than what is new of them. A PGliteWorker
   * writes them all the same.
   */
  writing: "written" | "unseen" | "unwritten";
  /** Whether it is only of use where the database's files are written as wholes; elsewhere it is not run. */
  isForWholeFiles?: true;
}

export type Row = (string | null)[];

/**
 * Runs a text. Answers the rows of each of its statements.
 *
 * @param check throws where no more may be done; asked before each step
 */
export type Running = (text: Text, check?: () => void) => Promise<Row[][]>;

/** A message of Postgres' protocol that comes back, as far as it is used here. */
interface Answer {
  name?: unknown;
  fields?: unknown;
}

type ExecProtocol = ReplicaDatabase["execProtocol"];
type Run<T> = () => Promise<T>;

/** What keeps others out while a text is run: as much of PGlite as its own `exec` uses. */
interface Guarded extends ReplicaDatabase {
  _checkReady(): Promise<void>;
  _runExclusiveTransaction<T>(run: Run<T>): Promise<T>;
  _runExclusiveQuery<T>(run: Run<T>): Promise<T>;
}

/** How texts are run over a database. */
export function running(db: ReplicaDatabase): Running {
  return async (given, check = () => undefined) => {
    if (given.isForWholeFiles && !isWrittenWhole(db)) return [];
    const text: Text = given.writing === "unseen" && !isWrittenWhole(db) ? { ...given, writing: "written" } : given;
    const execProtocol: ExecProtocol = (message, options) => {
      check();
      return db.execProtocol(message, options);
    };
    let answers: Row[][] = [];
    const run = async () => {
      answers = await asked(execProtocol, text);
    };
    await (isGuarded(db) ? alone(db, run, check) : db.transaction(run));
    return answers;
  };
}

/**
 * Runs a text in whatever transaction is open.
 *
 * @param execProtocol the database's, or a session's
 */
export async function asked(execProtocol: ExecProtocol, { sql, rows, writing }: Text): Promise<Row[][]> {
  const text = new TextEncoder().encode(`${sql}\0`);
  const behind = rows ? ([["d", rows], ["c", NOTHING]] as const) : [];
  // A failed one leaves nothing to begin afresh, as statements that are prepared do.
  const answer: unknown = await execProtocol(messages(["Q", text], ...behind), { syncToFs: writing === "written" });
  return rowsOf((Object(answer) as { messages?: unknown }).messages);
}

/** The rows of each statement: they come before the word that it is done. */
function rowsOf(answers: unknown): Row[][] {
  const results: Row[][] = [];
  let rows: Row[] = [];
  for (const { name, fields } of Array.isArray(answers) ? (answers as Answer[]) : []) {
    if (name === "dataRow") rows.push((fields as unknown[]).map((cell) => (typeof cell === "string" ? cell : null)));
    if (name !== "commandComplete") continue;
    results.push(rows);
    rows = [];
  }
  return results;
}

/**
 * With the locks that `exec` takes, and no longer than until the text is over: through a PGliteWorker each of them is a message to take
 * it, and one to let it go, whose answers whoever waits for the text's would wait for as well.
 */
function alone(db: Guarded, run: Run<void>, check: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const locked = async () => {
      await db._checkReady();
      await db._runExclusiveTransaction(async () => {
        // Whoever had the database before is still on the way back to its caller. PGlite's live queries throw at a notification on that
        // way, and stay as they are: its own statements take so long to begin that they rarely meet it.
        await turn();
        check();
        // Whether the text was run or the lock could not be had: either is told, and ends this.
        await new Promise<void>((leave) => {
          db._runExclusiveQuery(() => run().then(resolve).finally(leave)).catch(reject).finally(leave);
        });
      });
    };
    locked().catch(reject);
  });
}

/**
 * Whether the database's files are written as wholes, with each piece of rows all that came before it. Over the origin's private files
 * Postgres writes to its files itself; but PGlite opens new ones ahead, a hundred, only where it is told to write, and twenty tables
 * take more than those.
 */
function isWrittenWhole(db: ReplicaDatabase): boolean {
  const { dataDir } = Object(db) as { dataDir?: unknown };
  return typeof dataDir === "string" && dataDir.startsWith("idb://");
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
