/** Passes shape requests on to a real Electric, headers and body as they come. */
import { type IncomingMessage, request as requestHttp, type ServerResponse } from 'node:http';
import { request as requestHttps } from 'node:https';

/** Forwards to `${electricUrl}/v1/shape` with the same query. */
export function proxyShape(electricUrl: string, incoming: IncomingMessage, response: ServerResponse, query: string): void {
  const target = new URL(`${electricUrl.replace(/\/$/, '')}/v1/shape${query}`);
  const request = target.protocol === 'https:' ? requestHttps : requestHttp;
  const headers = { ...incoming.headers, host: target.host };
  const outgoing = request(target, { method: incoming.method ?? 'GET', headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    // A cut upstream must stay visible as a cut, not look like an end.
    answer.once('error', () => response.destroy());
  });
  outgoing.once('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502, { 'content-type': 'application/json' }).end('{"message":"Electric does not answer"}');
  });
  response.once('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}
