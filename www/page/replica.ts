/**
 * The replica as an app uses it: a PGlite, a manager, and queries that stay mounted all the time.
 */
import { PGlite } from '@electric-sql/pglite';
import { live, type LiveNamespace, type PGliteWithLive } from '@electric-sql/pglite/live';
import type { PGliteWorker } from '@electric-sql/pglite/worker';
import { createReplicaManager, type ReplicaManager, type ReplicaOptions, replicaStartParams } from 'electric-replica';
import { exposeReplica } from 'electric-replica/devtools';
import type { Result } from './rows.ts';

const DATABASE = 'idb://electric-replica-demo';
const NEWEST = 'select * from data_table_columns order by id desc limit 50';
const COUNT = 'select count(*)::int as rows from data_table_columns';
const THERE = `select to_regclass('data_table_columns') is not null as there`;

export interface Replica {
  db: PGliteWithLive | (PGliteWorker & { live: LiveNamespace });
  manager: ReplicaManager;
}

/** What is opened, and the worker it runs in, if it does. */
type Opened = Pick<Replica, 'db'> & { worker?: Worker };

/** Opens the database, another one where the address says `?db=`, and makes its manager; `?worker=through` keeps the worker from the manager; `?policy=prompt` has it ask, `?keep=60000` keeps the tables of before for a minute. */
export async function openReplica(fetchThrough: (input: string, init: RequestInit) => Promise<Response>): Promise<Replica> {
  const asked = new URLSearchParams(location.search);
  const dataDir = asked.get('db') ?? DATABASE;
  const { db, worker } = asked.has('worker') ? await openShared(dataDir) : await openOwn(dataDir);
  const policy = asked.get('policy') === 'prompt' ? 'prompt' : 'auto';
  const own = worker && asked.get('worker') !== 'through' ? { worker } : {};
  const options: ReplicaOptions = { db, ...own, baseUrl: '/api/electric', fetch: fetchThrough, policy, keepPreviousMs: Number(asked.get('keep') ?? 0), limits: { spreadMs: 0 } };
  const manager = await createReplicaManager(options);
  // An app would do so in development alone; the demo is nothing else.
  exposeReplica({ ...options, manager });
  return { db, manager };
}

/** A database in this page: one tab at a time. */
async function openOwn(dataDir: string): Promise<Opened> {
  const startParams = [...PGlite.defaultStartParams, ...replicaStartParams];
  return { db: await PGlite.create({ dataDir, extensions: { live }, startParams }) };
}

/** A database that any number of tabs share: it runs in a worker of one of them. */
async function openShared(dataDir: string): Promise<Opened> {
  const { PGliteWorker } = await import('@electric-sql/pglite/worker');
  const worker = new Worker(new URL('./database.ts', import.meta.url), { type: 'module' });
  // Without an `id`, a page of another build would elect a leader of its own on the same files.
  const db = await PGliteWorker.create(worker, { id: dataDir, dataDir, extensions: { live } });
  return { db, worker };
}

/** Mounts the page's two queries once; false while their table does not exist. */
export async function mountQueries(db: Replica['db'], onRows: (result: Result) => void, onCount: (rows: number) => void): Promise<boolean> {
  const { rows: found } = await db.query<{ there: boolean }>(THERE);
  if (found[0]?.there !== true) return false;
  await db.live.query<Record<string, unknown>>(NEWEST, [], onRows);
  await db.live.query<{ rows: number }>(COUNT, [], ({ rows }) => onCount(rows[0]?.rows ?? 0));
  return true;
}
