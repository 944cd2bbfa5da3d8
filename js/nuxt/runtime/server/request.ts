/**
 * Nitro's event as the web's Request. Nothing of h3 is imported: what both of its versions have is told by looking at the event, so that
 * one file runs with either, and none has to be found from where this package lies.
 *
 * Owns: the way in. Must not know: what is answered.
 */

/** What h3 1 keeps of Node's request. */
interface NodeRequest {
  url?: string | undefined;
  originalUrl?: string | undefined;
  method?: string | undefined;
  headers: Record<string, string | string[] | undefined>;
}

/** What h3 1 keeps of Node's answer. */
interface NodeResponse {
  writableFinished: boolean;
  once(event: "close", listener: () => void): unknown;
}

/** An event of h3 1, which has `node` and on some platforms `web`, or of h3 2, whose `req` is a Request. */
export interface ServerEvent {
  readonly req?: unknown;
  readonly web?: { request?: Request | undefined } | undefined;
  readonly node?: { req: NodeRequest; res: NodeResponse } | undefined;
  readonly context?: unknown;
}

/**
 * The event's request. Its signal is aborted where whoever asked has gone before the answer was written. The body is left
 * out: what is answered here is asked for with GET and HEAD.
 *
 * @throws TypeError where the event is of neither version
 */
export function requestOf(event: ServerEvent): Request {
  if (isRequest(event.req)) return event.req;
  if (event.web?.request) return event.web.request;
  if (!event.node) throw new TypeError("the server's event has no request");
  const { req, res } = event.node;
  const gone = new AbortController();
  // It comes after a whole answer as well.
  res.once("close", () => {
    if (!res.writableFinished) gone.abort();
  });
  // h3 cuts what it has matched off `url`.
  const url = new URL(req.originalUrl ?? req.url ?? "/", `http://${one(req.headers["host"]) ?? "localhost"}`);
  return new Request(url, { method: req.method ?? "GET", headers: headersOf(req), signal: gone.signal });
}

/** h3 1 has an old `req` as well, which is Node's: there `headers` is a plain object. */
function isRequest(value: unknown): value is Request {
  const { headers, url } = Object(value) as { headers?: { get?: unknown }; url?: unknown };
  return typeof headers?.get === "function" && typeof url === "string";
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

function headersOf({ headers }: NodeRequest): Headers {
  const entries = Object.entries(headers).filter(([name]) => !name.startsWith(":")); // HTTP/2's own are no headers
  return new Headers(entries.flatMap(([name, value]) => (Array.isArray(value) ? value : value === undefined ? [] : [value]).map((text): [string, string] => [name, text])));
}
