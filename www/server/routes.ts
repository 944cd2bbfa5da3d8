/**
 * The demo's HTTP interface: which path does what.
 *
 * Owns: paths, methods, JSON bodies. Must not know: how anything is done.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { DEVTOOLS_PATH, devtoolsMiddleware } from 'electric-replica/devtools/vite';
import type { ElectricHandlers } from 'electric-replica/server';
import type { Backend } from './backend.ts';
import { describeMigration } from './descriptions.ts';
import type { FaultSwitch, Faults } from './faults.ts';
import { asRequest, relay } from './relay.ts';
import { addRow, changeRow, countRows } from './rows.ts';
import type { ShapeHandler } from './shapes/handler.ts';
import { sendFile } from './static.ts';

export interface Routes {
  backend: () => Backend;
  /** Answers shapes here; absent in front of a real Electric. */
  shapes: () => ShapeHandler | undefined;
  electric: ElectricHandlers;
  /** Passes shapes on to a real Electric. */
  shape?: (request: Request) => Promise<Response>;
  /** Present when tests may break the server. */
  faults?: FaultSwitch;
  reset: () => Promise<void>;
  /** The folder of the built page. */
  page: string;
}

const BODY_LIMIT = 64 * 1024;
const devtools = devtoolsMiddleware();

/** Answers one request. */
export async function route(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const step = `${request.method ?? 'GET'} ${url.pathname}`;
  switch (step) {
    case 'GET /api/electric/version':
    case 'GET /api/electric/schemas': {
      const name = url.pathname.endsWith('version') ? 'version' : 'schemas';
      if (routes.faults?.spoilDocument(name, response) !== true) await relay(routes.electric[name](asRequest(request, url, response)), response);
      return;
    }
    case 'GET /api/state':
      json(response, 200, await state(routes.backend()));
      return;
    case 'POST /api/rows':
      json(response, 201, { id: await addRow(routes.backend().upstream, nameIn(await body(request))) });
      return;
    case 'POST /api/deploy':
      json(response, 200, await deploy(routes.backend()));
      return;
    case 'POST /api/server-reset':
      await routes.reset();
      json(response, 200, await state(routes.backend()));
      return;
    case 'POST /__test/faults':
      if (routes.faults === undefined) break;
      routes.faults.set((await body(request)) as Faults);
      json(response, 200, {});
      return;
    default:
      break;
  }
  // The second is Electric's own, for servers that pass shapes on to this one.
  if (url.pathname === '/api/electric/shape' || url.pathname === '/v1/shape') return shape(routes, request, response, url);
  const changed = /^POST \/api\/rows\/([^/]+)$/.exec(step)?.[1];
  if (changed !== undefined) {
    const found = await changeRow(routes.backend().upstream, changed, nameIn(await body(request)));
    json(response, found ? 200 : 404, { id: changed });
    return;
  }
  if (url.pathname.startsWith(DEVTOOLS_PATH)) {
    devtools(request, response, () => json(response, 404, { message: 'Not found' }));
    return;
  }
  const readable = request.method === 'GET' || request.method === 'HEAD';
  if (readable && (await sendFile(routes.page, url.pathname, request, response))) return;
  json(response, 404, { message: 'Not found' });
}

async function shape(routes: Routes, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  if (routes.faults?.spoilShape(request, response, url) === true) return;
  if (routes.shape !== undefined) await relay(routes.shape(asRequest(request, url, response)), response);
  else await routes.shapes()?.handle(request, response, url);
}

async function deploy(backend: Backend): Promise<object> {
  const migration = await backend.deploy();
  return { deployed: migration?.tag ?? null, ...(await state(backend)) };
}

async function state(backend: Backend): Promise<object> {
  const { newest, next } = backend;
  return {
    version: newest.tag,
    index: newest.index,
    next: next === undefined ? null : { tag: next.tag, description: describeMigration(next) },
    rows: await countRows(backend.upstream),
  };
}

function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(JSON.stringify(value));
}

async function body(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += (part as Buffer).length;
    if (bytes > BODY_LIMIT) throw new Error('reading a request: its body is too large');
    parts.push(part as Buffer);
  }
  return bytes === 0 ? {} : (JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown);
}

function nameIn(value: unknown): string | undefined {
  const name = (value as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name : undefined;
}
