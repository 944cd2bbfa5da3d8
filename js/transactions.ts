import { ReplicaError } from "./errors.js";
import { isMoved } from "./steady.js";
import type { SteadyRunning } from "./steady.js";
import { asked } from "./texts.js";
import type { Row } from "./texts.js";
import type { ReplicaDatabase } from "./types.js";

/** An operation as src/core/work.rs writes it: what it does, in words; its statements, how many they are, whether the rows to load are for them. */
type Operation = [doing: string, sql: string, statements: number, hasRows: boolean];
type Part = [kind: "look" | "unseen" | "change", ...operations: Operation[]];
/** Transactions as src/core/work.rs writes them. */
type Work = [leave: string, end: string, settle: string, ...parts: Part[]];
type Session = Partial<Pick<ReplicaDatabase, "execProtocol">>;

/** What came of a transaction, as src/core/work.rs reads it; and what was thrown, as it is. */
export interface Outcome {
  text: string;
  thrown?: unknown;
}

const RUNNING = "running a transaction";

/** What is being done, for whoever tells of its failure. */
interface Progress {
  doing: string;
}

/** What a run's transactions share. */
interface Run {
  rows: Uint8Array | undefined;
  lasts: boolean;
  progress: Progress;
}

/**
 * Runs the core's transactions over whatever looks like a PGlite. Each is one text, which the database takes as a transaction by
 * itself: one call, where `db.transaction` takes one for each statement and two more. A `BEGIN` of our own would mix the app's queries
 * into ours.
 */
export class Transactions {
  readonly #db: ReplicaDatabase;
  readonly #run: SteadyRunning;

  /** @throws {ReplicaError} `NOT_A_DATABASE` */
  constructor(db: ReplicaDatabase, run: SteadyRunning) {
    for (const name of ["transaction", "query", "exec", "execProtocol"]) {
      if (typeof (Object(db) as Record<string, unknown>)[name] === "function") continue;
      throw new ReplicaError("NOT_A_DATABASE", `while creating the manager: \`db\` has no method \`${name}\`: pass a PGlite or a PGliteWorker`);
    }
    this.#db = db;
    this.#run = run;
  }

  /**
   * Runs transactions, one after the other; what they load is in `rows`. What `lasts` is in the database's files when this resolves; it
   * never rejects.
   */
  async run(work: string, rows: Uint8Array | undefined, lasts: boolean): Promise<Outcome> {
    const progress: Progress = { doing: RUNNING };
    try {
      const [leave, end, settle, ...parts] = JSON.parse(work) as Work;
      const answers: Row[][] = [];
      for (const part of parts) answers.push(...(await this.#perform(leave, end, part, { rows, lasts, progress })));
      if (lasts) {
        progress.doing = "storing the replica";
        await this.#run({ sql: settle, writing: "unwritten", isForWholeFiles: true }, { looks: false, keepsRows: false });
        await stored(this.#db);
      }
      return { text: JSON.stringify(answers) };
    } catch (thrown) {
      return { text: JSON.stringify({ doing: progress.doing, ...told(thrown) }), thrown };
    }
  }

  async #perform(leave: string, end: string, [kind, ...operations]: Part, { rows, lasts, progress }: Run): Promise<Row[][]> {
    try {
      const only = operations.length === 1 ? operations[0] : undefined;
      progress.doing = only?.[0] ?? RUNNING;
      const sql = [...operations.map(([, sql]) => sql), end].filter((sql) => sql !== "").join(";\n");
      // What has to last is written out by itself, and waited for.
      const writing = kind === "unseen" ? "unseen" : kind === "look" || lasts ? "unwritten" : "written";
      // Where one of several operations fails, they are tried one by one.
      const results = await this.#run({ sql, rows, writing }, { looks: kind === "look", keepsRows: operations.length > 1 });
      progress.doing = RUNNING;
      let from = 0;
      return operations.map(([, , statements]) => (from += statements, statements === 0 ? [] : results[from - 1] ?? []));
    } catch (thrown) {
      if (isMoved(thrown)) throw thrown;
      const { isFull, message } = told(thrown);
      // It may have stood inside a transaction that was left open, which is of no use to anybody now.
      await this.#leave(leave);
      if (operations.length > 1 && !isFull) progress.doing = (await this.#failing(operations, rows, message, leave)) ?? RUNNING;
      throw thrown;
    }
  }

  /**
   * Which operation of a text fails with that message: the text does not say. They are tried one by one, and rolled back whatever comes of
   * it: where the text was carried out and only its files could not be written, nothing may be done twice.
   */
  async #failing(operations: Operation[], rows: Uint8Array | undefined, message: unknown, leave: string): Promise<string | undefined> {
    const trial: { begun: boolean; failing?: string } = { begun: false };
    try {
      await this.#db.transaction(async (session: Session) => {
        trial.begun = true;
        const execProtocol = session.execProtocol ?? this.#db.execProtocol.bind(this.#db);
        for (const [doing, sql, statements, hasRows] of operations) {
          if (statements === 0) continue;
          try {
            await asked(execProtocol, { sql, rows: hasRows ? rows : undefined, writing: "unwritten" });
          } catch (thrown) {
            if (told(thrown).message === message) trial.failing = doing;
            throw thrown;
          }
        }
        throw new Error("all of it is rolled back");
      });
    } catch (thrown) {
      if (isMoved(thrown)) throw thrown;
    }
    // PGlite writes files in its own `BEGIN`, which the database has carried out where that fails.
    if (!trial.begun) await this.#leave(leave);
    return trial.failing;
  }

  async #leave(leave: string): Promise<void> {
    await this.#db.exec(leave).catch((thrown: unknown) => {
      if (isMoved(thrown)) throw thrown;
    });
  }
}

/** Has the files of the database written out: a page closed a moment later would find the replica as it was before. */
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
