/**
 * A site of plain files, as the server of a built app is one.
 *
 * Owns: paths, types, headers. Must not know: what is in the files.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import type { TestContext } from "node:test";

const TYPES: Record<string, string> = {
  ".css": "text/css",
  ".data": "application/octet-stream",
  ".gz": "application/gzip",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

export interface SiteOptions {
  /** Headers that a path is answered with besides the type; the answer to `/index.html` counts for `/`. */
  headers?: (path: string) => Record<string, string>;
  /** The type of a path, where it is not the one of its ending. */
  type?: (path: string) => string | undefined;
  /** Whether a path is answered with the app's page, as a server of a single-page app does with whatever it does not have. */
  lost?: (path: string) => boolean;
}

export interface Site {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** Every report that a browser sent to `/csp-report`. */
  readonly reports: readonly CspReport[];
}

/** What a browser says of something that a content security policy forbade, as far as it is looked at. */
export interface CspReport {
  "violated-directive": string;
  "blocked-uri": string;
  "source-file"?: string;
  "script-sample"?: string;
  "line-number"?: number;
  "column-number"?: number;
}

/** Serves the files of a folder until the end of the test. */
export async function serveFolder(t: TestContext, folder: string, options: SiteOptions = {}): Promise<Site> {
  const reports: CspReport[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname } = new URL(request.url ?? "/", "http://localhost"); // holds no `..`
      if (pathname === "/csp-report") {
        reports.push((JSON.parse(await textOf(request)) as { "csp-report": CspReport })["csp-report"]);
        return response.writeHead(204).end();
      }
      const asked = pathname === "/" || options.lost?.(pathname) === true ? "/index.html" : pathname;
      const body = await readFile(join(folder, asked)).catch(() => undefined);
      if (body === undefined) return response.writeHead(404).end();
      const type = options.type?.(asked) ?? TYPES[extname(asked)] ?? "application/octet-stream";
      return response.writeHead(200, { "content-type": type, ...options.headers?.(asked) }).end(body);
    })().catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, reports };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
