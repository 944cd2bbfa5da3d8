/**
 * Misbehaviour on demand, for tests: each endpoint can be made to answer wrongly.
 *
 * Owns: what a fault looks like on the wire. Must not know: what the right answer is.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface ShapeFault {
  kind:
    | 'content-type' // a page of HTML with status 200
    | 'truncate' // the right answer, its socket cut after `afterBytes` of the body
    | 'missing-headers' // the right answer without its electric-* headers
    | 'rate-limit' // 429 with Retry-After
    | 'server-error' // 500
    | 'down' // the socket is closed without an answer
    | 'stale-conflict'; // 409 that names the very handle the client came with
  /** The only table it concerns; every table when absent. */
  table?: string;
  /** Only live requests, or only those that are not. */
  live?: boolean;
  /** Only requests for a snapshot from its beginning, or only those that are not. */
  fresh?: boolean;
  /** How many requests it spoils; all when absent. */
  times?: number;
  /** Bytes of the body that still arrive, for `truncate`; 2,000 when absent. */
  afterBytes?: number;
  /** Seconds in Retry-After; 1 when absent. */
  retryAfter?: number;
}

export interface Faults {
  version?: 'down' | 'not-found' | 'html' | 'empty' | 'no-version' | 'not-a-string';
  schemas?: 'down' | 'not-found' | 'html' | 'empty' | 'malformed';
  shape?: ShapeFault;
}

export class FaultSwitch {
  #faults: Faults = {};

  /** Replaces every fault; an empty object heals the server. */
  set(faults: Faults): void {
    this.#faults = structuredClone(faults);
  }

  /** Answers in the place of the version or the schemas endpoint; false when nothing is wrong. */
  spoilDocument(name: 'version' | 'schemas', response: ServerResponse): boolean {
    const fault = this.#faults[name];
    if (fault === undefined) return false;
    switch (fault) {
      case 'down':
        response.destroy();
        return true;
      case 'not-found':
        return answer(response, 404, 'application/json', '{"message":"Not found"}');
      case 'html':
        return answer(response, 200, 'text/html', '<!doctype html><title>Sign in</title><h1>Sign in</h1>');
      case 'empty':
        return answer(response, 200, 'application/json', '');
      case 'no-version':
        return answer(response, 200, 'application/json', '{"index":1,"timestamp":0,"dialect":"postgresql"}');
      case 'not-a-string':
        return answer(response, 200, 'application/json', '{"version":7}');
      case 'malformed':
        return answer(response, 200, 'application/json', '{"version":"x","tables":[{"name":');
    }
  }

  /** Spoils a shape request: true when it was answered here, false when the right answer may follow. */
  spoilShape(request: IncomingMessage, response: ServerResponse, url: URL): boolean {
    const fault = this.#faults.shape;
    if (fault === undefined || !concerns(fault, url)) return false;
    if (fault.times !== undefined && fault.times-- <= 0) return false;
    switch (fault.kind) {
      case 'content-type':
        return answer(response, 200, 'text/html', '<!doctype html><title>Sign in</title>');
      case 'truncate':
        cutAfter(response, fault.afterBytes ?? 2_000);
        return false;
      case 'missing-headers':
        hideHeaders(response);
        return false;
      case 'rate-limit':
        response.setHeader('retry-after', String(fault.retryAfter ?? 1));
        return answer(response, 429, 'application/json', '{"message":"Too many requests"}');
      case 'server-error':
        return answer(response, 500, 'application/json', '{"message":"Internal server error"}');
      case 'down':
        request.socket.destroy();
        return true;
      case 'stale-conflict':
        response.setHeader('electric-handle', url.searchParams.get('handle') ?? '1-1');
        response.setHeader('cache-control', 'public, max-age=60, must-revalidate');
        return answer(response, 409, 'application/json', '[{"headers":{"control":"must-refetch"}}]');
    }
  }
}

function concerns(fault: ShapeFault, url: URL): boolean {
  const live = url.searchParams.get('live') === 'true';
  const fresh = url.searchParams.get('offset') === '-1';
  return (
    (fault.table === undefined || fault.table === url.searchParams.get('table')) &&
    (fault.live === undefined || fault.live === live) &&
    (fault.fresh === undefined || fault.fresh === fresh)
  );
}

function answer(response: ServerResponse, status: number, type: string, body: string): true {
  response.writeHead(status, { 'content-type': type });
  response.end(body);
  return true;
}

/** Lets so many bytes of the body through and then cuts the connection. */
function cutAfter(response: ServerResponse, bytes: number): void {
  let left = bytes;
  const write = response.write.bind(response) as (chunk: Buffer, done?: () => void) => boolean;
  const cut = (chunk: unknown): boolean => {
    if (chunk === undefined || chunk === null || typeof chunk === 'function') return false;
    const buffer = Buffer.from(chunk as string | Buffer);
    if (buffer.length < left) {
      left -= buffer.length;
      return write(buffer);
    }
    // The part must have left before the socket goes, or it would go with it.
    write(buffer.subarray(0, left), () => response.destroy());
    left = 0;
    return true;
  };
  const originalEnd = response.end.bind(response);
  response.removeHeader('content-length');
  response.write = ((chunk: unknown) => (left > 0 ? cut(chunk) : true)) as typeof response.write;
  response.end = ((chunk: unknown) => {
    if (left > 0 && !cut(chunk) && left > 0) originalEnd();
    else if (left > 0) response.destroy();
    return response;
  }) as typeof response.end;
}

function hideHeaders(response: ServerResponse): void {
  const writeHead = response.writeHead.bind(response) as (status: number, headers: Record<string, string>) => ServerResponse;
  response.writeHead = ((status: number, headers: Record<string, string>) =>
    writeHead(status, Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('electric-'))))) as typeof response.writeHead;
}
