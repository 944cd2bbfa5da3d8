/**
 * The loopback server every candidate loads from, run as a process of its own: answers as Electric does (and as
 * www/server does), out of memory, so that what is measured is the client.
 *
 * Owns: paths, what every answer has in common, the page's files. Must not know: what is in a body, who asks.
 */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { parseLoad } from "./load.ts";
import { DEPLOYS, served } from "./served.ts";
import type { Deploy, Served } from "./served.ts";

const PAGE = fileURLToPath(new URL("dist", import.meta.url));
const TYPES: Record<string, string> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".wasm": "application/wasm" };
const COMMON = {
  "cache-control": "no-store",
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "*",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};
const json = (response: ServerResponse, body: string | Buffer, headers: Record<string, string> = {}): void => {
  response.writeHead(200, { ...COMMON, "content-type": "application/json; charset=utf-8", ...headers });
  response.end(body);
};

async function shape(load: Served, query: URLSearchParams, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const { status, headers, body } = await load.shape(query, gone.signal);
  response.writeHead(status, { ...COMMON, "content-type": "application/json; charset=utf-8", ...headers });
  response.end(body);
}

async function page(pathname: string, response: ServerResponse): Promise<void> {
  const path = normalize(join(PAGE, pathname === "/" ? "index.html" : pathname));
  const found = path.startsWith(PAGE + sep) ? await stat(path).catch(() => undefined) : undefined;
  if (!found?.isFile()) {
    response.writeHead(404, COMMON).end();
    return;
  }
  // Cached like a built page's files: the browser may keep compiled modules.
  const headers = { ...COMMON, "cache-control": "public, max-age=3600", "content-type": TYPES[extname(path)] ?? "application/octet-stream" };
  response.writeHead(200, { ...headers, "content-length": String(found.size) });
  createReadStream(path).pipe(response);
}

/** What a page measured goes to whoever started this process. */
async function outcome(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  process.send?.(JSON.parse(Buffer.concat(parts).toString()));
  response.writeHead(204, COMMON).end();
}

const isDeploy = (kind: string | null): kind is Deploy => (DEPLOYS as readonly (string | null)[]).includes(kind);

/** What a measurement tells the server to do, and what it asks of it besides what a client asks. */
function told(load: Served, what: string, query: URLSearchParams): unknown {
  switch (what) {
    case "prepare":
      return load.prepare(Number(query.get("changes") ?? "0"));
    case "release":
      return load.release();
    case "deploy": {
      const kind = query.get("kind");
      if (!isDeploy(kind)) throw new Error(`${kind ?? "nothing"} is no deploy`);
      load.deploy(kind);
      return {};
    }
    case "reset":
      load.reset();
      return {};
    default:
      return load.tally;
  }
}

const ASKED = /^\/load\/(\w+)\/(?:(version|schemas|shape)|copy\/(\w+)|(prepare|release|deploy|reset|tally))$/;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://bench");
  if (pathname === "/outcome") return void outcome(request, response);
  const [, name, asked, table, what] = ASKED.exec(pathname) ?? [];
  const load = parseLoad(name ?? "");
  if (!load) return void page(pathname, response);
  const of = served(load);
  if (what !== undefined) return void json(response, JSON.stringify(told(of, what, searchParams)));
  if (table !== undefined) return void json(response, of.copyOf(table), { "content-type": "application/octet-stream" });
  if (asked === "version") return void json(response, of.version());
  if (asked === "schemas") return void json(response, of.schemas());
  void shape(of, searchParams, response);
}

const server = createServer(answer);
server.listen(0, "127.0.0.1", () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.on("disconnect", () => process.exit());
