/**
 * Between Node's requests and those of the web, which the package's server half speaks.
 *
 * Owns: that a body flows as it comes, a cut stays a cut, and a reader who leaves is no longer read for.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** The request, ended where whoever waits for its response leaves. */
export function asRequest(request: IncomingMessage, url: URL, response: ServerResponse): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) if (typeof value === 'string') headers.set(name, value);
  const waiting = new AbortController();
  response.once('close', () => waiting.abort());
  return new Request(url, { method: request.method ?? 'GET', headers, signal: waiting.signal });
}

/** Sends an answer. */
export async function relay(answering: Promise<Response>, response: ServerResponse): Promise<void> {
  const { status, headers, body } = await answering;
  response.writeHead(status, Object.fromEntries(headers));
  if (body === null) response.end();
  // Where either side breaks off, the other is ended: there is nobody left to tell.
  else await pipeline(body, response).catch(() => undefined);
}
