/**
 * The whole demo server, started in this process: what `main.ts` runs and what tests start.
 *
 * Owns: the HTTP server's life. Must not know: environment variables.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createElectricHandlers, createShapeProxy, drizzleFolder } from 'electric-replica/server';
import { seedStatements } from '../database/seed.ts';
import { Backend } from './backend.ts';
import { FaultSwitch } from './faults.ts';
import { type Migration, readMigrations } from './migrations.ts';
import { route, type Routes } from './routes.ts';
import { ShapeHandler } from './shapes/handler.ts';
import type { ShapeRegistry } from './shapes/registry.ts';
import type { Upstream } from './upstream.ts';

export interface DemoOptions {
  /** The port to listen on; 0 for any free one. */
  port?: number;
  /** The address to listen on; this machine only when absent. */
  host?: string;
  /** Rows in `data_table_columns`. */
  rows?: number;
  /** The place in the journal of the last migration applied at the start, from 0. */
  startAt?: number;
  /** Milliseconds between two looks for DDL that no write has shown yet; `Infinity` for never. */
  noticeMs?: number;
  /** Milliseconds a live request waits for something new. */
  longPollMs?: number;
  /** Bytes of a snapshot chunk or a log answer. */
  chunkBytes?: number;
  /** Whether the server can be made to misbehave. */
  faults?: boolean;
  /** A Postgres to use instead of the embedded one; needs `electricUrl`. */
  databaseUrl?: string;
  electricUrl?: string;
  /** The folder of drizzle's migrations; the demo's own when absent. */
  migrations?: string;
  /** Statements that fill the tables of the first migration, for a folder that is not the demo's. */
  seed?: string;
  /** The folder of the built page. */
  page?: string;
}

export interface Demo {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** The database behind it; another one after a reset. */
  readonly upstream: Upstream;
  /** The shapes over it; `reconcile()` there is one tick of the reconciler. Absent in front of a real Electric. */
  readonly shapes: ShapeRegistry | undefined;
  /** The newest migration the server has. */
  readonly newest: Migration;
  /** How many live requests wait at this moment. */
  readonly waiting: number;
  /** Present when started with `faults: true`. */
  readonly faults: FaultSwitch | undefined;
  /** Answers every waiting live request as if its time were over. */
  endLongPolls(): void;
  /** Applies the next migration; resolves to it, or to nothing when all are applied. */
  deploy(): Promise<Migration | undefined>;
  /** Starts again with an empty database at `startAt`. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

const HERE = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Starts the demo; resolves when it listens. */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const { databaseUrl, electricUrl } = options;
  if ((databaseUrl === undefined) !== (electricUrl === undefined)) {
    throw new Error('starting the demo: a Postgres and an Electric are given together or not at all');
  }
  const folder = options.migrations ?? HERE('../database/drizzle');
  const migrations = await readMigrations(folder);
  const handling = { longPollMs: options.longPollMs ?? 20_000, chunkBytes: options.chunkBytes ?? 10_485_760 };
  const startBackend = (): Promise<Backend> =>
    Backend.start({
      migrations,
      startAt: options.startAt ?? 0,
      seed: options.seed ?? seedStatements(options.rows ?? 2_000),
      noticeMs: options.noticeMs ?? 60_000,
      chunkBytes: handling.chunkBytes,
      ...(databaseUrl === undefined ? {} : { databaseUrl }),
    });
  let backend = await startBackend();
  const newHandler = (): ShapeHandler | undefined =>
    backend.shapes === undefined ? undefined : new ShapeHandler(backend.shapes, handling);
  let handler = newHandler();

  const reset = async (): Promise<void> => {
    if (databaseUrl !== undefined) throw new Error('resetting the demo: a database of your own is left alone');
    const [oldBackend, oldHandler] = [backend, handler];
    backend = await startBackend();
    handler = newHandler();
    oldHandler?.endLongPolls();
    await oldBackend.close();
  };
  const faults = options.faults === true ? new FaultSwitch() : undefined;
  // The folder holds every migration; the server says only what its database has.
  const source = drizzleFolder(folder, { upTo: () => backend.newest.tag });
  const routes: Routes = {
    backend: () => backend,
    shapes: () => handler,
    electric: createElectricHandlers({ source }),
    reset,
    page: options.page ?? HERE('../dist'),
    ...(electricUrl === undefined ? {} : { shape: createShapeProxy({ source, electricUrl }) }),
    ...(faults === undefined ? {} : { faults }),
  };

  const host = options.host ?? '127.0.0.1';
  const server = createServer((request, response) => {
    route(routes, request, response).catch((cause: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ message: String(cause) }));
    });
  });
  try {
    await listen(server, options.port ?? 0, host);
  } catch (cause) {
    await backend.close();
    throw cause;
  }
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://${host}:${String(port)}`,
    get upstream() {
      return backend.upstream;
    },
    get shapes() {
      return backend.shapes;
    },
    get newest() {
      return backend.newest;
    },
    get waiting() {
      return handler?.waiting ?? 0;
    },
    faults,
    endLongPolls: () => handler?.endLongPolls(),
    deploy: () => backend.deploy(),
    reset,
    async close() {
      handler?.endLongPolls();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await backend.close();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
