/** A page of plain files for one test: the built package, PGlite as it is published, and a server of as many tables as wanted. */
import { createReadStream, existsSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import type { TestContext } from "node:test";

import type { Load } from "../../../bench/load.ts";
import { Served } from "../../../bench/served.ts";
import { atEnd } from "../../node/support/ending.ts";

const ROOTS = { "/pkg/": "pkg", "/pglite/": "node_modules/@electric-sql/pglite/dist" };
const TYPES: Record<string, string> = { ".js": "text/javascript", ".wasm": "application/wasm" };

/** PGlite's worker as an app writes it. */
const WORKER = `
import { PGlite } from "/pglite/index.js";
import { worker } from "/pglite/worker/index.js";
import { serveReplica } from "/pkg/worker.js";
worker({ init: async ({ dataDir }) => serveReplica(await PGlite.create({ dataDir })) });
`;
const PAGE = '<!doctype html><link rel="icon" href="data:,"><title>plain</title>';

/** Serves it until the end of the test. Answers its address; the endpoints stand below `/api`. */
export async function servePlain(t: TestContext, load: Load): Promise<string> {
  const served = new Served(load);
  const file = (response: ServerResponse, path: string): void => {
    const [at, root] = Object.entries(ROOTS).find(([at]) => path.startsWith(at)) ?? [];
    const found = at === undefined || root === undefined ? "" : join(root, path.slice(at.length)); // a URL's pathname holds no `..`
    if (!existsSync(found)) return void response.writeHead(404).end();
    response.setHeader("content-type", TYPES[extname(found)] ?? "application/octet-stream");
    createReadStream(found).pipe(response);
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://plain");
    const json = { "content-type": "application/json" };
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    if (pathname === "/") response.setHeader("content-type", "text/html").end(PAGE);
    else if (pathname === "/worker.js") response.setHeader("content-type", "text/javascript").end(WORKER);
    else if (pathname.endsWith("/version")) response.writeHead(200, json).end(served.version());
    else if (pathname.endsWith("/schemas")) response.writeHead(200, json).end(served.schemas());
    else if (pathname.endsWith("/shape")) void served.shape(searchParams, gone.signal).then(({ status, headers, body }) => response.writeHead(status, { ...json, ...headers }).end(body));
    else file(response, pathname);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(t, () => {
    server.closeAllConnections();
    server.close();
    return Promise.resolve();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
