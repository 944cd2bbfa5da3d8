/** The built page: files of one folder, and nothing outside it. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
  '.data': 'application/octet-stream',
};

/** Sends the file behind a path; false when there is none. */
export async function sendFile(folder: string, pathname: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const path = fileBehind(folder, pathname);
  if (path === undefined) return false;
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) return false;
  response.writeHead(200, {
    'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
    'content-length': String(found.size),
    // Built assets carry a hash in their name; the page itself must be asked for again.
    'cache-control': pathname.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
  });
  if (request.method === 'HEAD') response.end();
  else createReadStream(path).pipe(response);
  return true;
}

function fileBehind(folder: string, pathname: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname === '/' ? '/index.html' : pathname);
  } catch {
    return undefined;
  }
  const path = normalize(join(folder, decoded));
  return path.startsWith(folder + sep) && !decoded.includes('\0') ? path : undefined;
}
