/**
 * Loading a piece of rows with less ado than PGlite's `exec`. That sends a message more than a text needs, fetches a file nobody has
 * written, and writes the database's files out: over IndexedDB whole files, with each piece all that the pieces before it have made, which
 * is most of a load; and through a PGliteWorker once for each of its messages.
 *
 * What is loaded is out of every reader's sight until a later transaction puts it in place, and that one writes everything. A page that
 * ends before has nothing of it, and begins anew.
 *
 * Owns: which of PGlite's own steps a piece takes. Where a database lacks any of them, rows go through `exec`.
 */
import type { ReplicaDatabase } from "./types.js";

type Run<T> = () => Promise<T>;

/** As much of PGlite as its own `exec` uses. */
interface Inner extends ReplicaDatabase {
  dataDir?: string;
  onLeaderChange?: unknown;
  _checkReady(): Promise<void>;
  _runExclusiveTransaction<T>(run: Run<T>): Promise<T>;
  _runExclusiveQuery<T>(run: Run<T>): Promise<T>;
  _handleBlob(blob?: Blob): Promise<void>;
  _cleanupBlob(): Promise<void>;
  execProtocol(message: Uint8Array, options: { syncToFs: boolean }): Promise<unknown>;
}

const METHODS = ["_checkReady", "_runExclusiveTransaction", "_runExclusiveQuery", "_handleBlob", "_cleanupBlob", "execProtocol"] as const;

/** Runs a statement that loads a piece of rows. `check` throws where no more may be done, and is asked before each step. */
export type Load = (sql: string, blob: Blob | undefined, check?: () => void) => Promise<void>;

/** How pieces are loaded where that saves something; nothing where `exec` is as good. */
export function loading(db: ReplicaDatabase): Load | undefined {
  if (!isWorthIt(db)) return undefined;
  return async (sql, blob, check = () => undefined) => {
    await db._checkReady();
    await db._runExclusiveTransaction(() =>
      db._runExclusiveQuery(async () => {
        check();
        await db._handleBlob(blob);
        try {
          check();
          await db.execProtocol(message("Q", sql), UNWRITTEN);
        } catch (thrown) {
          check();
          await db.execProtocol(message("S"), UNWRITTEN); // as `exec` does: what comes next begins afresh
          throw thrown;
        } finally {
          await db._cleanupBlob();
        }
      }),
    );
  };
}

/** A PGliteWorker writes files out all the same, but once. */
const UNWRITTEN = { syncToFs: false };

/** In a page of its own, memory has no files, and the origin's private files are written as they change. */
function isWorthIt(db: ReplicaDatabase): db is Inner {
  const inner = Object(db) as Partial<Inner>;
  const hasAll = METHODS.every((name) => typeof inner[name] === "function");
  return hasAll && (typeof inner.onLeaderChange === "function" || String(inner.dataDir).startsWith("idb://"));
}

/** A message of Postgres' protocol: its kind, its length, and a text that ends with a zero. */
function message(kind: "Q" | "S", text?: string): Uint8Array {
  const body = text === undefined ? new Uint8Array() : new TextEncoder().encode(`${text}\0`);
  const bytes = new Uint8Array(5 + body.length);
  bytes[0] = kind.charCodeAt(0);
  new DataView(bytes.buffer).setInt32(1, 4 + body.length);
  bytes.set(body, 5);
  return bytes;
}
