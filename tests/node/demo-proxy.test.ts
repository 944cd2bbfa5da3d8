/** The way to a real Electric, over HTTP on both sides: nothing is added, nothing is lost, and a cut stays a cut. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { createShapeProxy, manifestSource } from 'electric-replica/server';
import { asRequest, relay } from '../../www/server/relay.ts';
import { listening } from './support/listening.ts';

/** A server that passes shapes on to the Electric at an address. */
function proxying(t: TestContext, electricUrl: string): Promise<string> {
  const source = manifestSource(() => ({ version: '1', tables: [{ name: 'a', columns: [{ name: 'id', type: 'int4' }], primaryKey: ['id'] }] }));
  const shape = createShapeProxy({ source, electricUrl, onError: () => undefined });
  return listening(t, (request, response) => {
    void relay(shape(asRequest(request, new URL(request.url ?? '/', 'http://app'), response)), response);
  });
}

const proxied = async (t: TestContext, electric: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> =>
  `${await proxying(t, await listening(t, electric))}/?table=a`;

test('path, query, status, headers and body go through', async (t) => {
  const url = await proxied(t, (request, response) => {
    response.writeHead(409, { 'electric-handle': '1-2', 'cache-control': 'no-store' });
    response.end(JSON.stringify([request.url]));
  });
  const answer = await fetch(`${url}&params%5B1%5D=x%26y&offset=-1`);
  assert.equal(answer.status, 409);
  assert.equal(answer.headers.get('electric-handle'), '1-2');
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.deepEqual(await answer.json(), ['/v1/shape?offset=-1&params%5B1%5D=x%26y&table=a']);
});

test('a body arrives while it is being sent', async (t) => {
  let finish = (): void => undefined;
  const url = await proxied(t, (_request, response) => {
    response.write('first');
    finish = () => response.end('second');
  });
  const reader = (await fetch(url)).body?.getReader();
  assert.ok(reader !== undefined);
  assert.equal(new TextDecoder().decode((await reader.read()).value), 'first');
  finish();
  assert.equal(new TextDecoder().decode((await reader.read()).value), 'second');
});

test('a body that is cut at Electric is cut for the reader', async (t) => {
  const url = await proxied(t, (_request, response) => {
    response.write('[{', () => response.destroy());
  });
  await assert.rejects(fetch(url).then((answer) => answer.text()));
});

test('an Electric that is not there is a 502', async (t) => {
  const url = await proxying(t, 'http://127.0.0.1:9');
  assert.equal((await fetch(`${url}/?table=a`)).status, 502);
});

test('a reader that leaves ends its request at Electric', async (t) => {
  let left = (): void => undefined;
  const gone = new Promise<void>((resolve) => (left = resolve));
  const url = await proxied(t, (_request, response) => {
    response.write('[');
    response.once('close', left);
  });
  const controller = new AbortController();
  await fetch(url, { signal: controller.signal });
  controller.abort();
  await gone;
});
