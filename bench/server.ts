/**
 * The loopback server every candidate loads from, run as a process of its own: answers as Electric does (and as
 * www/server does), out of memory, so that what is measured is the client.
 *
 * Owns: statuses, headers, bodies. Must not know: who asks.
 */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { nameOf, parseLoad, tablesOf } from "./load.ts";
import type { Load } from "./load.ts";
import { COLUMNS, copyLine, message, row, SCHEMA_HEADER } from "./rows.ts";

const CHUNK_BYTES = 10_485_760;
const PAGE = fileURLToPath(new URL("dist", import.meta.url));
const TYPES: Record<string, string> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".wasm": "application/wasm" };
const COMMON = {
  "cache-control": "no-store",
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "*",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};
const SEEN = "1000";

/** One table's snapshot. */
interface Snapshot {
  chunks: Buffer[];
  copy: Buffer;
}

/** The newest load's snapshots; an older one's memory is let go of. */
let made: { load: string; tables: Map<string, Snapshot> } | undefined;

function snapshot(load: Load, table: string): Snapshot {
  if (made?.load !== nameOf(load)) made = { load: nameOf(load), tables: new Map() };
  const found = made.tables.get(table);
  if (found) return found;
  const first = Number(table.slice("items_".length)) * load.rows;
  const chunks: Buffer[] = [];
  const copy: Buffer[] = [];
  let parts: string[] = [];
  let bytes = 0;
  const close = (end: string): void => {
    chunks.push(Buffer.from(`[${[...parts, ...(end ? [end] : [])].join(",")}]`));
    parts = [];
    bytes = 0;
  };
  for (let at = first; at < first + load.rows; at += 1) {
    const values = row(at);
    const text = message(table, values);
    if (bytes >= CHUNK_BYTES) close("");
    parts.push(text);
    bytes += Buffer.byteLength(text) + 1;
    copy.push(Buffer.from(copyLine(values)));
  }
  close(JSON.stringify({ headers: { control: "snapshot-end", xip_list: [], xmax: "900", xmin: "900" } }));
  const whole = { chunks, copy: Buffer.concat(copy) };
  made.tables.set(table, whole);
  return whole;
}

const json = (response: ServerResponse, body: string | Buffer, headers: Record<string, string> = {}): void => {
  response.writeHead(200, { ...COMMON, "content-type": "application/json; charset=utf-8", ...headers });
  response.end(body);
};

function shape(load: Load, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): void {
  const table = (query.get("table") ?? "").replaceAll(/"|public\./g, "");
  const { chunks } = snapshot(load, table);
  const offset = query.get("offset") ?? "-1";
  const live = query.has("live") && query.get("live") !== "false";
  const handle = `${table}-1795155462267975`;
  const told = (end: string): Record<string, string> => ({
    etag: `"${handle}:${offset}:${end}"`,
    "electric-handle": handle,
    "electric-offset": end,
    ...(live ? { "electric-cursor": "60000000" } : { "electric-schema": SCHEMA_HEADER }),
  });
  const chunk = offset === "-1" ? 0 : /^0_\d+$/.test(offset) ? Number(offset.slice(2)) + 1 : chunks.length;
  const body = chunks[chunk];
  if (body) return void json(response, body, { ...told(`0_${chunk}`), "electric-has-data": "true" });
  const end = "0_inf";
  const upToDate = `[${JSON.stringify({ headers: { control: "up-to-date", global_last_seen_lsn: SEEN } })}]`;
  const answer = (): void => json(response, upToDate, { ...told(end), "electric-up-to-date": "", "electric-has-data": String(!live) });
  if (!live) return void answer();
  const timer = setTimeout(answer, 20_000);
  request.on("close", () => clearTimeout(timer));
}

function schemas(load: Load): string {
  const tables = tablesOf(load).map((name) => ({ schema: "public", name, primaryKey: ["id"], columns: COLUMNS, indexes: [] }));
  return JSON.stringify({ version: "0001_bench", tables, enums: [] });
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

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://bench");
  if (pathname === "/outcome") return void outcome(request, response);
  const found = /^\/load\/(\w+)\/(version|schemas|shape|copy|prepare)(?:\/(\w+))?$/.exec(pathname);
  const load = parseLoad(found?.[1] ?? "");
  if (!found || !load) return void page(pathname, response);
  switch (found[2] ?? "shape") {
    case "version":
      return void json(response, JSON.stringify({ version: "0001_bench", index: 1, timestamp: 1 }));
    case "schemas":
      return void json(response, schemas(load));
    case "copy":
      return void json(response, snapshot(load, found[3] ?? "").copy, { "content-type": "application/octet-stream" });
    case "prepare": {
      const made = tablesOf(load).map((table) => snapshot(load, table));
      const shapeBytes = made.flatMap(({ chunks }) => chunks).reduce((sum, chunk) => sum + chunk.length, 0);
      return void json(response, JSON.stringify({ shapeBytes, copyBytes: made.reduce((sum, { copy }) => sum + copy.length, 0) }));
    }
    default:
      return void shape(load, searchParams, request, response);
  }
}

const server = createServer(answer);
server.listen(0, "127.0.0.1", () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.on("disconnect", () => process.exit());
