/** A whole database as a file, and back: to move a replica, or to ship a first one. */
import { ReplicaError } from "./errors.js";
import type { ReplicaDatabase } from "./types.js";

/** What a PGlite has besides what this package needs of it. */
interface Dumpable {
  dumpDataDir(compression: "gzip"): Promise<Blob>;
  /** Where it is a PGliteWorker: that a tab runs the database. */
  waitReady?: Promise<void>;
}

/** The first bytes of a file that was packed with gzip. */
const GZIP = [0x1f, 0x8b];
/** Where a tar says that it is one, and what it says. */
const TAR_AT = 257;
const TAR = "ustar";

/** Dumps the directory of the database, packed. PGlite lets no query run meanwhile; what a transaction has begun is not in it. */
export async function snapshotOf(db: ReplicaDatabase): Promise<Blob> {
  if (!isDumpable(db)) throw new ReplicaError("NOT_A_DATABASE", "while taking a snapshot: `db` has no method `dumpDataDir`");
  try {
    // What a PGliteWorker asks while nobody runs the database is heard by nobody.
    await db.waitReady;
    return await db.dumpDataDir("gzip");
  } catch (cause) {
    throw new ReplicaError("DATABASE_FAILED", "while taking a snapshot: PGlite did not dump its directory", { cause });
  }
}

function isDumpable(db: object): db is Dumpable {
  return "dumpDataDir" in db && typeof db.dumpDataDir === "function";
}

/**
 * Opens a database with what `snapshot()` took. The replica in it goes on from where it stood: its manager fetches what has
 * come since, and no row that is there. Whose rows they are is in it too (`owner`).
 *
 * ```ts
 * import { PGlite } from "@electric-sql/pglite";
 * import { restore } from "electric-replica";
 *
 * export function opened(snapshot: Blob): Promise<PGlite> {
 *   return restore(snapshot, (loadDataDir) => PGlite.create({ dataDir: "idb://app", loadDataDir }));
 * }
 * ```
 *
 * @param open opens a database that is not there yet, with PGlite's option `loadDataDir`
 * @throws {@link ReplicaError} `INVALID_OPTIONS` where it is no snapshot, before anything is opened; `DATABASE_FAILED` where PGlite
 * cannot open it: it is of another Postgres, or there is a database already.
 */
export async function restore<Database extends ReplicaDatabase>(snapshot: Blob, open: (loadDataDir: Blob) => Promise<Database>): Promise<Database> {
  if (!(await isSnapshot(snapshot))) throw new ReplicaError("INVALID_OPTIONS", "while restoring a snapshot: it is no dump of a PGlite's directory");
  try {
    return await open(snapshot);
  } catch (cause) {
    throw new ReplicaError("DATABASE_FAILED", "while restoring a snapshot: PGlite did not open it", { cause });
  }
}

/** Whether a file begins as a tar does, packed or not. */
async function isSnapshot(snapshot: Blob): Promise<boolean> {
  if (!(snapshot instanceof Blob)) return false;
  const start = new Uint8Array(await snapshot.slice(0, GZIP.length).arrayBuffer());
  const packed = GZIP.every((byte, at) => start[at] === byte);
  const bytes = packed ? snapshot.stream().pipeThrough(new DecompressionStream("gzip")) : snapshot.stream();
  const head = await first(bytes, TAR_AT + TAR.length);
  return new TextDecoder().decode(head.slice(TAR_AT)) === TAR;
}

/** The first so many bytes, or as many as there are. */
async function first(stream: ReadableStream<Uint8Array>, length: number): Promise<Uint8Array> {
  const head = new Uint8Array(length);
  let filled = 0;
  const reader = stream.getReader();
  try {
    while (filled < length) {
      const { done, value } = await reader.read();
      if (done) break;
      const piece = value.subarray(0, length - filled);
      head.set(piece, filled);
      filled += piece.length;
    }
  } catch {
    // What cannot be unpacked is no snapshot.
  } finally {
    reader.cancel().catch(() => undefined);
  }
  return head.subarray(0, filled);
}
