import { ReplicaError } from "./errors.js";
import type { SteadyDatabase } from "./steady.js";
import type { ReplicaDatabase } from "./types.js";

/** A statement as src/core/work.rs writes it: its parameters, whether it must meet one row, whether it has a blob. */
type Statement = [sql: string, params: (string | null)[], meets: number | null, hasBlob: boolean];
/** An operation: what it does, in words, and its statements. */
type Operation = [doing: string, statements: Statement[]];
type Kind = "look" | "load" | "change";
/** A transaction as src/core/work.rs writes it. */
type Work = [leave: string, kind: Kind, ...operations: Operation[]];
/** What is of the kind `load`. */
type Load = [[doing: string, statements: [Statement]]];
type Row = (string | null)[];

type Run = (sql: string, ...rest: unknown[]) => Promise<unknown>;
type Session = { query: Run; exec: Run };

/** What came of a transaction, as src/core/work.rs reads it; and what was thrown, as it is. */
export interface Outcome {
  text: string;
  thrown?: unknown;
}

const RUNNING = "running a transaction";

/** How far a transaction is, for whoever tells of its failure. */
interface Progress {
  doing: string;
  begun: boolean;
}

/**
 * Runs the core's transactions over whatever looks like a PGlite. Several statements run inside `db.transaction`: a `BEGIN`
 * of our own would mix the app's queries into ours.
 */
export class Transactions {
  /** How many milliseconds the last `db.transaction` took besides its statements: to wait for its turn, to begin, to end. */
  overheadMs = 0;
  readonly #db: SteadyDatabase;
  #endedMs = 0;

  /** @throws {ReplicaError} `NOT_A_DATABASE` */
  constructor(db: SteadyDatabase) {
    for (const name of ["transaction", "query", "exec"]) {
      if (typeof (Object(db) as Record<string, unknown>)[name] === "function") continue;
      throw new ReplicaError("NOT_A_DATABASE", `while creating the manager: \`db\` has no method \`${name}\`: pass a PGlite or a PGliteWorker`);
    }
    this.#db = db;
  }

  /** Runs operations as one transaction, and takes the `blobs` out of their list. What `lasts` is in the database's files when this resolves; it never rejects. */
  async run(work: string, blobs: Uint8Array<ArrayBuffer>[], lasts: boolean): Promise<Outcome> {
    const progress: Progress = { doing: RUNNING, begun: false };
    let leave = "";
    try {
      const [leaving, kind, ...operations] = JSON.parse(work) as Work;
      leave = leaving;
      // Nobody has the bytes any more while they are loaded: they are a browser's, outside of this page's memory.
      const files = blobs.splice(0).map((bytes) => new Blob([bytes]));
      const answers = kind === "load" ? await this.#load(operations as Load, files, progress) : await this.#transact(operations, files, progress, kind === "look");
      if (lasts) {
        progress.doing = "storing the replica";
        await stored(this.#db);
      }
      return { text: JSON.stringify(answers) };
    } catch (thrown) {
      const why = told(thrown);
      // A full storage has PGlite fail in its own `BEGIN`, which the database has carried out by then.
      if (!progress.begun && why.isFull) await this.#db.exec(leave).catch(() => undefined);
      return { text: JSON.stringify({ doing: progress.doing, ...why }), thrown };
    }
  }

  /**
   * Rows that are loaded by themselves are a statement of their own: one message to a PGliteWorker in place of three. Its text ends
   * a transaction that the session may have been left in.
   */
  async #load([[doing, [statement]]]: Load, files: Blob[], progress: Progress): Promise<Row[][]> {
    Object.assign(progress, { doing, begun: true });
    try {
      const answers = [await perform(this.#db as Session, statement, files.values())];
      progress.doing = RUNNING;
      return answers;
    } finally {
      this.#endedMs = Date.now();
    }
  }

  async #transact(operations: Operation[], files: Blob[], progress: Progress, looks: boolean): Promise<Row[][]> {
    let failure: { thrown: unknown } | undefined;
    let answers: Row[][] = [];
    let withinMs = 0;
    const calledMs = Date.now();
    try {
      // It runs to its end even if nobody waits for it any more: PGlite's mutex keeps later ones behind it.
      await this.#db.transaction(async (session: Session) => {
        progress.begun = true;
        const begunMs = Date.now();
        const rest = files.values();
        failure = undefined;
        answers = [];
        try {
          for (const [name, statements] of operations) {
            progress.doing = name;
            let rows: Row[] = [];
            for (const statement of statements) rows = await perform(session, statement, rest);
            answers.push(rows);
          }
          progress.doing = RUNNING;
        } catch (thrown) {
          failure = { thrown };
          throw thrown;
        } finally {
          withinMs = Date.now() - begunMs;
        }
      }, looks);
    } catch (thrown) {
      failure ??= { thrown };
    }
    const nowMs = Date.now();
    // What it waited behind a transaction of our own is no cost of this one.
    this.overheadMs = Math.max(nowMs - Math.max(calledMs, this.#endedMs) - withinMs, 0);
    this.#endedMs = nowMs;
    if (failure) throw failure.thrown;
    return answers;
  }
}

/** Runs one statement and answers its rows. */
async function perform(session: Session, [sql, params, meets, hasBlob]: Statement, files: Iterator<Blob>): Promise<Row[]> {
  const options: { rowMode: "array"; blob?: Blob } = { rowMode: "array" };
  if (hasBlob) options.blob = files.next().value as Blob;
  const results = await (params.length === 0 ? session.exec(sql, options) : session.query(sql, params, options));
  // One result a statement: the last one's is the answer.
  const { rows, affectedRows } = Object(Array.isArray(results) ? results.at(-1) : results) as { rows?: unknown[][]; affectedRows?: number };
  // SQLSTATE's "no data".
  if (meets !== null && affectedRows !== meets) throw Object.assign(new Error("a change met no row of the replica"), { code: "02000" });
  return (rows ?? []).map((row) => row.map((cell) => (typeof cell === "string" ? cell : null)));
}

/**
 * Has the files of the database written out. PGlite does that after every statement but those of a transaction, its
 * COMMIT included: a page closed a moment later would find the replica as it was before.
 */
async function stored(db: ReplicaDatabase & { syncToFs?: () => Promise<void> }): Promise<void> {
  // What looks like a PGlite may have no files.
  if (typeof db.syncToFs === "function") await db.syncToFs();
}

/** What the core wants to know of what was thrown, which may be anything. */
function told(thrown: unknown): { state?: string | null; message?: string | null; isFull?: boolean } {
  try {
    const { code } = Object(thrown) as { code?: unknown };
    const message: unknown = thrown instanceof Error ? thrown.message : null;
    const text = (value: unknown) => (typeof value === "string" ? value : null);
    return { state: text(code), message: text(message), isFull: isFull(thrown) };
  } catch {
    return {};
  }
}

/**
 * Whether the browser has no room left. IndexedDB says so by its name; over the origin's private files Postgres fails to write, with
 * a SQLSTATE that says less than its text, and a PGliteWorker passes on the text alone.
 */
function isFull(thrown: unknown): boolean {
  const { name, message } = Object(thrown) as { name?: unknown; message?: unknown };
  return name === "QuotaExceededError" || /QuotaExceededError|could not (extend|write to) file/.test(String(message));
}
