/**
 * Serves the DevTools page in development: a plugin for Vite, and the same for any server that takes Node's requests.
 *
 * @privateRemarks
 * Owns: which file answers which path. Must not know: what the page does.
 *
 * @module electric-replica/devtools/vite
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the page is, unless it is served elsewhere. */
export const DEVTOOLS_PATH = "/__electric-replica";

/** Answers a request, or hands it on: what Connect, Vite and Express take. */
export type DevtoolsMiddleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

/** As much of Vite's development server as is needed here: no release of Vite is tied to. */
export interface DevServer {
  /** What answers its requests. */
  middlewares: {
    /** Adds one that answers below `route`. */
    use(route: string, handler: DevtoolsMiddleware): unknown;
  };
}

/** A plugin of Vite. */
export interface ReplicaDevtools {
  /** What Vite calls it. */
  name: string;
  /** No build has it. */
  apply: "serve";
  /** Has Vite's server answer with the page. */
  configureServer: (server: DevServer) => void;
}

/**
 * The plugin: serves the page while Vite serves an app that is being built; no build has any of it.
 *
 * @param options `path`: where the page is. Default {@link DEVTOOLS_PATH}
 */
export function replicaDevtools({ path = DEVTOOLS_PATH }: { path?: string } = {}): ReplicaDevtools {
  return {
    name: "electric-replica:devtools",
    apply: "serve",
    configureServer({ middlewares }) {
      middlewares.use(path, devtoolsMiddleware({ path }));
    },
  };
}

/** A tab of Nuxt DevTools, as its hook `devtools:customTabs` takes it. */
export interface DevtoolsTab {
  /** By what it is told from other tabs. */
  name: string;
  /** What it is called. */
  title: string;
  /** An icon of Nuxt DevTools'. */
  icon: string;
  /** What it shows. */
  view: {
    /** Shown in a frame. */
    type: "iframe";
    /** The page's address. */
    src: string;
  };
}

/**
 * The page as a tab of Nuxt DevTools, which shows it in a frame of the app's own origin.
 *
 * @param options `path`: where the page is. Default {@link DEVTOOLS_PATH}
 */
export function devtoolsTab({ path = DEVTOOLS_PATH }: { path?: string } = {}): DevtoolsTab {
  return { name: "electric-replica", title: "electric-replica", icon: "carbon:data-base", view: { type: "iframe", src: `${path}/` } };
}

const TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * The page by itself, for a server without Vite; mounted at `path`, or before everything else.
 *
 * @param options `path`: where the page is. Default {@link DEVTOOLS_PATH}
 */
export function devtoolsMiddleware({ path = DEVTOOLS_PATH }: { path?: string } = {}): DevtoolsMiddleware {
  const folder = fileURLToPath(new URL("./page/", import.meta.url));
  return (request, response, next) => {
    // Behind a route, `url` begins after that, and only this is the whole of it.
    const { originalUrl = request.url } = request as { originalUrl?: string };
    const inside = insideOf(path, pathOf(originalUrl));
    if (inside === undefined || !["GET", "HEAD"].includes(request.method ?? "")) {
      next();
    } else if (inside === "") {
      // Without the slash the page would look for its files one folder too high.
      response.writeHead(302, { location: `${pathOf(originalUrl) ?? path}/` }).end();
    } else {
      send(folder, inside, request, response).then((sent) => {
        if (!sent) next();
      }, next);
    }
  };
}

/** What stands behind `path`, wherever the app's own base has put that. */
function insideOf(path: string, whole: string | undefined): string | undefined {
  const at = `${whole ?? ""}/`.indexOf(`${path}/`);
  return at === -1 ? undefined : whole?.slice(at + path.length);
}

async function send(folder: string, path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const file = normalize(join(folder, path === "/" ? "index.html" : path));
  if (!file.startsWith(folder) || file.endsWith(sep)) return false;
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) return false;
  response.writeHead(200, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "content-length": String(found.size),
    "cache-control": "no-cache",
  });
  if (request.method === "HEAD") response.end();
  else createReadStream(file).pipe(response);
  return true;
}

/** The path of an address, decoded; nothing where it is none that a file could have. */
function pathOf(url = "/"): string | undefined {
  try {
    const path = decodeURIComponent(new URL(url, "http://localhost").pathname);
    return path.includes("\0") ? undefined : path;
  } catch {
    return undefined;
  }
}
