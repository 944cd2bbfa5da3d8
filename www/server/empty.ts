/**
 * An empty Postgres in memory, again and again. Its directory takes a second and more to make: only the first one is made, all others begin
 * with a copy.
 *
 * Owns: that directory. Must not know: what becomes of the databases.
 */
import { PGlite, type PGliteOptions } from '@electric-sql/pglite';

let directory: Promise<File | Blob> | undefined;

/** The directory, once a database that nobody has done anything to yet can tell it. */
const kept = (db: PGlite): Promise<File | Blob> => (directory ??= db.dumpDataDir('none'));

/** Opens an empty database in memory. */
export async function emptyPostgres<Options extends PGliteOptions>(options?: Options) {
  const loadDataDir = await directory;
  const db = await PGlite.create({ ...(options as Options), ...(loadDataDir ? { loadDataDir } : {}) });
  await kept(db);
  return db;
}

/** What an empty database has on its files. */
export async function emptyDirectory(): Promise<File | Blob> {
  const db = await emptyPostgres();
  const empty = await kept(db);
  await db.close();
  return empty;
}
