/**
 * Electric's shape endpoint over HTTP.
 *
 * Owns: statuses, headers and bodies of every answer. Must not know: the catalog, change capture.
 */
import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { RequestError } from './error.ts';
import { formatOffset, SNAPSHOT_END } from './offset.ts';
import type { ShapeRegistry } from './registry.ts';
import { parseRequest, type ShapeRequest } from './request.ts';
import type { Shape, Wake } from './shape.ts';
import { schemaHeader } from './structure.ts';

export interface HandlerOptions {
  /** Milliseconds a live request waits before it is answered with nothing new. */
  longPollMs: number;
  /** Bytes after which a log answer is cut. */
  chunkBytes: number;
}

const MUST_REFETCH = '[{"headers":{"control":"must-refetch"}}]';
const CACHE = {
  start: 'public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746',
  snapshot: 'public, max-age=60, stale-while-revalidate=300',
  live: 'public, max-age=5, stale-while-revalidate=5',
  moved: 'public, max-age=60, must-revalidate',
  removed: 'public, max-age=1, must-revalidate',
  error: 'no-store',
} as const;
const COMMON = {
  vary: 'accept-encoding',
  'electric-server': 'ElectricSQL/1.7.12 (demo)',
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'electric-cursor,electric-handle,electric-has-data,electric-offset,electric-schema,electric-up-to-date,electric-internal-known-error,retry-after',
  'access-control-allow-methods': 'GET, POST, HEAD, DELETE, OPTIONS',
  'content-type': 'application/json; charset=utf-8',
};
/** Seconds since 1970 at which Electric's cursors start. */
const CURSOR_EPOCH = 1_728_432_000;
/** Milliseconds Electric waits for an offset that it does not have yet. */
const BEYOND_MS = 10_000;

type Headers = Record<string, string>;

export class ShapeHandler {
  #serial = 0;
  #waiting = 0;
  #closing = new AbortController();

  readonly #registry: ShapeRegistry;
  readonly #options: HandlerOptions;

  constructor(registry: ShapeRegistry, options: HandlerOptions) {
    this.#registry = registry;
    this.#options = options;
  }

  /** How many requests wait for something new. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Answers every waiting request as if its time were over. */
  endLongPolls(): void {
    this.#closing.abort();
    this.#closing = new AbortController();
  }

  async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { ...COMMON, 'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*' });
      response.end();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(response, 405, { 'cache-control': CACHE.error }, JSON.stringify({ status: 'Not allowed' }));
      return;
    }
    try {
      await this.#answer(parseRequest(url.searchParams), request, response);
    } catch (cause) {
      if (response.headersSent) response.destroy();
      else if (cause instanceof RequestError) refuse(response, cause.status, cause.body);
      else refuse(response, 500, { message: 'Internal server error' });
    }
  }

  async #answer(query: ShapeRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if ((await this.#registry.structure(query.definition)) === undefined) throw RequestError.unknownTable(query.definition);
    const shape = await this.#registry.findOrMake(query.definition);
    const { offset } = query;
    if (offset.at === 'start') return this.#chunk(0, shape, query, request, response);
    if (offset.at === 'now') {
      await shape.snapshot.finished();
      this.#upToDate(shape, query, shape.end, response);
      return;
    }
    if (query.handle !== shape.handle) {
      moved(response, shape.handle);
      return;
    }
    if (offset.at === 'chunk') return this.#afterChunk(offset.index, shape, query, request, response);
    await this.#log(offset.lsn, offset.position, shape, query, response);
  }

  async #afterChunk(index: number, shape: Shape, query: ShapeRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if ((await shape.snapshot.chunk(index)) === undefined) throw outOfBounds();
    if ((await shape.snapshot.chunk(index + 1)) !== undefined) return this.#chunk(index + 1, shape, query, request, response);
    if (SNAPSHOT_END.at === 'log') await this.#log(SNAPSHOT_END.lsn, SNAPSHOT_END.position, shape, query, response);
  }

  /** Streams one chunk of the snapshot from its file. */
  async #chunk(index: number, shape: Shape, query: ShapeRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunk = await shape.snapshot.chunk(index);
    if (chunk === undefined) throw outOfBounds();
    const offset = formatOffset(0, index);
    const headers: Headers = {
      ...this.#shapeHeaders(shape, query, offset, `${query.offsetText}:${offset}`),
      'cache-control': index === 0 ? CACHE.start : CACHE.snapshot,
      'electric-has-data': 'true',
    };
    if (request.headers['if-none-match'] === headers['etag']) {
      response.writeHead(304, { ...COMMON, ...headers });
      response.end();
      return;
    }
    response.writeHead(200, { ...COMMON, ...headers });
    await pipeline(createReadStream(chunk.path), response);
  }

  /** Answers with the log after a place, waiting for something new when the request is live. */
  async #log(lsn: number, position: number, shape: Shape, query: ShapeRequest, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.#closing.signal]);
    if (lsn > Number(this.#registry.lastSeen)) {
      await this.#wait(shape, Math.min(BEYOND_MS, this.#options.longPollMs), signal);
      if (lsn > Number(this.#registry.lastSeen)) throw outOfBounds();
    }
    let page = shape.after(lsn, position, this.#options.chunkBytes);
    if (query.live && page.entries.length === 0) {
      const wake = shape.removed ? 'removed' : await this.#wait(shape, this.#options.longPollMs, signal);
      page = shape.after(lsn, position, this.#options.chunkBytes);
      if (wake === 'removed' && page.entries.length === 0) {
        send(response, 409, { 'cache-control': CACHE.removed }, MUST_REFETCH);
        return;
      }
    }
    const last = page.entries[page.entries.length - 1];
    // An answer that is not live counts as data even when the log has nothing new.
    if (last === undefined && query.live) {
      this.#upToDate(shape, query, formatOffset(lsn, position), response);
      return;
    }
    const end = last === undefined ? formatOffset(lsn, position) : formatOffset(last.lsn, last.position);
    const texts = page.entries.map((entry) => entry.text);
    if (page.complete) texts.push(this.#upToDateMessage());
    response.writeHead(200, {
      ...COMMON,
      ...this.#shapeHeaders(shape, query, end, `${query.offsetText}:${end}`),
      ...(page.complete ? { 'electric-up-to-date': '' } : {}),
      'electric-has-data': 'true',
    });
    response.write('[');
    response.end(`${texts.join(',')}]`);
  }

  async #wait(shape: Shape, ms: number, signal: AbortSignal): Promise<Wake> {
    this.#waiting += 1;
    try {
      return await shape.wait(ms, signal);
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Nothing new. */
  #upToDate(shape: Shape, query: ShapeRequest, end: string, response: ServerResponse): void {
    const unique = `${query.offsetText}:${end}:${String(--this.#serial - 576_460_000_000)}`;
    send(
      response,
      200,
      { ...this.#shapeHeaders(shape, query, end, unique), 'electric-up-to-date': '', 'electric-has-data': 'false' },
      `[${this.#upToDateMessage()}]`,
    );
  }

  #upToDateMessage(): string {
    return JSON.stringify({ headers: { control: 'up-to-date', global_last_seen_lsn: this.#registry.lastSeen } });
  }

  #shapeHeaders(shape: Shape, query: ShapeRequest, offset: string, tag: string): Headers {
    return {
      'cache-control': query.live ? CACHE.live : CACHE.snapshot,
      etag: `"${shape.handle}:${tag}"`,
      'electric-handle': shape.handle,
      'electric-offset': offset,
      ...(query.live
        ? { 'electric-cursor': String(this.#cursor(query.cursor)) }
        : { 'electric-schema': schemaHeader(shape.structure, shape.definition.columns) }),
    };
  }

  /** The end of the current long-poll interval, in seconds; never one the client already sent. */
  #cursor(previous: number | undefined): number {
    const interval = Math.max(1, Math.round(this.#options.longPollMs / 1_000));
    const now = Math.ceil((Date.now() / 1_000 - CURSOR_EPOCH) / interval) * interval;
    return previous !== undefined && previous >= now ? previous + 1 + Math.floor(Math.random() * 3_600) : now;
  }
}

function outOfBounds(): RequestError {
  return RequestError.invalid({ offset: ['out of bounds for this shape'] });
}

/** The shape behind the client's handle is gone: another one serves the same definition. */
function moved(response: ServerResponse, handle: string): void {
  send(response, 409, { 'cache-control': CACHE.moved, etag: `"${handle}::"`, 'electric-handle': handle }, MUST_REFETCH);
}

function refuse(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, { 'cache-control': CACHE.error, 'surrogate-control': 'no-store' }, JSON.stringify(body));
}

function send(response: ServerResponse, status: number, headers: Headers, body: string): void {
  response.writeHead(status, { ...COMMON, ...headers, 'content-length': String(Buffer.byteLength(body)) });
  response.end(body);
}
