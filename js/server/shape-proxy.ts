/**
 * The third endpoint a replica asks: Electric itself, for the replica's tables alone, as a function from `Request` to `Response`.
 *
 * Owns: who may ask Electric what, and what stays on the server. Must not know: rows; where the schema comes from.
 */
import { report } from "./handlers.js";
import type { ManifestSource, ManifestTable } from "./manifest.js";

/** A table that is asked for. */
export interface ShapeTable {
  /** Its schema on the server. */
  schema: string;
  /** Its name. */
  name: string;
}

/** What of a table may be read. It takes the place of what the page asked for: a page cannot widen it, nor ask after what it hides. */
export interface ShapeGrant {
  /** Electric's `where`, with `params[1]`, `params[2]`, … as `$1`, `$2`, …. */
  where?: string;
  /** What `$1`, `$2`, … of `where` stand for. */
  params?: readonly string[];
  /** Electric's `columns`. */
  columns?: readonly string[];
}

/** Which Electric is asked, and for what. */
export interface ShapeProxyOptions {
  /** Electric's address, without `/v1/shape`. */
  electricUrl: string | URL;
  /** Only the tables of this schema may be asked for. */
  source: ManifestSource;
  /** What Electric is given with each request and no page ever sees: `secret`, say, or `source_id`. */
  params?: Readonly<Record<string, string>>;
  /**
   * Whether whoever sent this request may read this table: `false` for no, `true` for whatever is asked of it, or the part that
   * may be read, which the page's own `where` is no part of. Where this is set, no cache keeps an answer. Default: everybody may
   * read everything.
   */
  allow?: (request: Request, table: ShapeTable) => boolean | ShapeGrant | Promise<boolean | ShapeGrant>;
  /** Told of every error that became a 500 or a 502. Default: `console.error`. */
  onError?: (error: unknown) => void;
  /** Instead of the global `fetch`. */
  fetch?: (input: URL, init: RequestInit) => Promise<Response>;
}

/** Electric's own parameters that a page may set (its OpenAPI description); whatever else it sends stays here. */
const PASSED = new Set(["table", "offset", "handle", "where", "columns", "live", "live_sse", "cursor", "replica", "log", "expired_handle", "cache-buster"]);
const PASSED_LIST = /^params\[\d+\]$/;

/** What `fetch` has undone, or what is of one connection only (RFC 9110 §7.6.1); and whose pages may read it, which the app says. */
const NOT_PASSED_BACK = /^(content-encoding|content-length|connection|keep-alive|transfer-encoding|upgrade|set-cookie|access-control-.*)$/;

/** Electric's conditions may hold subqueries, over any table it can read. */
const SUBQUERY = /\b(select|table|values|with)\b/i;

/** One part of Electric's `table`, which reads names as Postgres does. */
const NAME = String.raw`"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*`;
const TABLE = new RegExp(`^(?:(${NAME})\\.)?(${NAME})$`, "u");

/** Makes the endpoint. */
export function createShapeProxy(options: ShapeProxyOptions): (request: Request) => Promise<Response> {
  const { onError = report } = options;
  return async (request) => {
    if (request.method !== "GET") return refusal(405, { message: "only GET is answered here" }, { allow: "GET" });
    try {
      const url = await permitted(request, options);
      return url instanceof Response ? url : await answered(url, request, { ...options, onError });
    } catch (error) {
      if (request.signal.aborted) return refusal(499, { message: "nobody waits for the answer" });
      onError(error);
      return refusal(500, { message: "the request could not be looked at" });
    }
  };
}

/** What to ask Electric, or why it is not asked. */
async function permitted(request: Request, { electricUrl, source, params, allow }: ShapeProxyOptions): Promise<URL | Response> {
  const { searchParams: asked } = new URL(request.url);
  // Of a name that stands twice Electric reads the last, and others the first.
  if (new Set(asked.keys()).size < [...asked.keys()].length) return refusal(400, { message: "a parameter stands twice" });
  const table = tableNamed(asked.get("table") ?? "");
  const { tables } = await source.read();
  if (!table || !tables.some((one) => isSame(one, table))) {
    // As Electric answers for a table that is not there: to a replica of an older schema, that is what it is.
    return refusal(400, { message: "Invalid request", errors: { table: ["is none of the replica's tables"] } });
  }
  const grant = allow ? await allow(request, table) : true;
  if (grant === false) return refusal(403, { message: "this table may not be read" });
  if (grant === true && SUBQUERY.test(asked.get("where") ?? "")) return refusal(403, { message: "a condition may not look at other tables" });

  const url = new URL(electricUrl);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/shape`;
  const query = new URLSearchParams([...asked].filter(([name]) => PASSED.has(name) || PASSED_LIST.test(name)));
  if (grant !== true) narrow(query, grant);
  for (const [name, value] of Object.entries(params ?? {})) query.set(name, value);
  query.sort(); // one address for one question, whatever the caches on the way
  url.search = query.toString();
  return url;
}

/**
 * Puts what may be read in place of what was asked for. The two are not joined: a condition of the page's could close the
 * parentheses that were put around it, and tell of columns that it does not get.
 */
function narrow(query: URLSearchParams, { where, params = [], columns }: ShapeGrant): void {
  for (const name of [...query.keys()].filter((name) => name === "where" || PASSED_LIST.test(name))) query.delete(name);
  if (where !== undefined) query.set("where", where);
  for (const [at, value] of params.entries()) query.set(`params[${at + 1}]`, value);
  if (columns) query.set("columns", columns.join(","));
}

async function answered(url: URL, request: Request, { allow, onError, fetch: asking = fetch }: ShapeProxyOptions & { onError: (error: unknown) => void }): Promise<Response> {
  const known = request.headers.get("if-none-match");
  try {
    const answer = await asking(url, {
      headers: { accept: request.headers.get("accept") ?? "application/json", ...(known === null || allow ? {} : { "if-none-match": known }) },
      cache: "no-store",
      redirect: "error", // the secret is in the address
      signal: request.signal,
    });
    const headers = new Headers([...answer.headers].filter(([name]) => !NOT_PASSED_BACK.test(name)));
    // What one may read is not another's: the address does not say whose it is.
    if (allow) headers.set("cache-control", "no-store");
    return new Response(answer.body, { status: answer.status, headers });
  } catch (error) {
    if (request.signal.aborted) throw error;
    onError(error);
    return refusal(502, { message: "Electric does not answer" });
  }
}

function tableNamed(text: string): ShapeTable | undefined {
  const [, schema = "public", name] = TABLE.exec(text) ?? [];
  return name === undefined ? undefined : { schema: unquoted(schema), name: unquoted(name) };
}

const unquoted = (name: string): string => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase());

const isSame = ({ schema = "public", name }: ManifestTable, table: ShapeTable): boolean => schema === table.schema && name === table.name;

function refusal(status: number, body: object, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...headers, "content-type": "application/json", "cache-control": "no-store" } });
}
