/**
 * The replica as an app uses it: a PGlite, a manager, and queries that stay mounted all the time.
 */
import { PGlite } from '@electric-sql/pglite';
import { live, type PGliteWithLive } from '@electric-sql/pglite/live';
import { createReplicaManager, type ReplicaManager } from 'electric-replica';
import type { Result } from './rows.ts';

const DATABASE = 'idb://electric-replica-demo';
const NEWEST = 'select * from data_table_columns order by id desc limit 50';
const COUNT = 'select count(*)::int as rows from data_table_columns';

/** SQLSTATE of a table that is not there. */
const NO_TABLE = '42P01';

export interface Replica {
  db: PGliteWithLive;
  manager: ReplicaManager;
}

/** Opens the database, another one where the address says `?db=`, and makes its manager. */
export async function openReplica(fetchThrough: (input: string, init: RequestInit) => Promise<Response>): Promise<Replica> {
  const dataDir = new URLSearchParams(location.search).get('db') ?? DATABASE;
  const db = await PGlite.create({
    dataDir,
    extensions: { live },
    // PGlite's default way of growing a file copies all of it: slow from some 100,000 rows on.
    startParams: [...PGlite.defaultStartParams, '-c', 'file_extend_method=write_zeros'],
  });
  const manager = await createReplicaManager({ db, baseUrl: '/api/electric', fetch: fetchThrough });
  return { db, manager };
}

/** Mounts the page's two queries once; false while their table does not exist. */
export async function mountQueries(db: PGliteWithLive, onRows: (result: Result) => void, onCount: (rows: number) => void): Promise<boolean> {
  try {
    await db.live.query<Record<string, unknown>>(NEWEST, [], onRows);
    await db.live.query<{ rows: number }>(COUNT, [], ({ rows }) => onCount(rows[0]?.rows ?? 0));
    return true;
  } catch (cause) {
    if ((cause as { code?: unknown }).code === NO_TABLE) return false;
    throw cause;
  }
}
