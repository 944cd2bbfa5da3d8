/** The two endpoints a replica asks, as functions from `Request` to `Response`: any framework can carry them. */
import type { ManifestSource, ServerManifest } from "./manifest.js";
import { SchemaError } from "./schema-error.js";

/** How the endpoints answer. */
export interface HandlerOptions {
  /** Where the schema comes from. */
  source: ManifestSource;
  /** `{ "success": true, "data": … }` instead of the bare answer. Default `false`. */
  envelope?: boolean;
  /** The header `cache-control` of both answers. Default `no-cache`: kept, but asked for again each time. */
  cacheControl?: string;
  /** Told of every error that became a 500. Default: `console.error`. */
  onError?: (error: unknown) => void;
}

/** The endpoints. */
export interface ElectricHandlers {
  /** `GET /api/electric/version`: `{ version, index, timestamp, dialect, fingerprint }`. */
  version(request: Request): Promise<Response>;
  /** `GET /api/electric/schemas`: the manifest. */
  schemas(request: Request): Promise<Response>;
}

/** What the version endpoint answers. */
export interface VersionAnswer {
  /** What people read: drizzle's tag. */
  version: string;
  /** The migration's number in the journal. */
  index?: number | undefined;
  /** When the migration was made, in milliseconds since 1970. */
  timestamp?: number | undefined;
  /** Whose SQL the migrations are in. */
  dialect: "postgresql";
  /** 32 hexadecimal digits, equal for equal structure. */
  fingerprint?: string | undefined;
}

/** Makes the two endpoints. */
export function createElectricHandlers(options: HandlerOptions): ElectricHandlers {
  return {
    version: (request) => answer(request, options, versionOf),
    schemas: (request) => answer(request, options, (manifest) => manifest),
  };
}

function versionOf({ version, index, timestamp, fingerprint }: ServerManifest): VersionAnswer {
  return { version, index, timestamp, dialect: "postgresql", fingerprint };
}

async function answer(request: Request, options: HandlerOptions, select: (manifest: ServerManifest) => object): Promise<Response> {
  const { source, envelope = false, cacheControl = "no-cache", onError = report } = options;
  const withBody = request.method !== "HEAD";
  if (withBody && request.method !== "GET") {
    const error = { code: "METHOD_NOT_ALLOWED", message: "only GET and HEAD are answered here" };
    return json(405, failure(envelope, error), { allow: "GET, HEAD" });
  }
  try {
    const data = select(await source.read());
    const text = JSON.stringify(envelope ? { success: true, data } : data);
    const headers = { "cache-control": cacheControl, etag: await etag(text) };
    if (matches(request.headers.get("if-none-match"), headers.etag)) return new Response(null, { status: 304, headers });
    return json(200, withBody ? text : null, headers);
  } catch (error) {
    onError(error);
    const text = failure(envelope, shown(error));
    return json(500, withBody ? text : null, { "cache-control": "no-store" });
  }
}

function json(status: number, body: string | null, headers: Record<string, string>): Response {
  return new Response(body, { status, headers: { ...headers, "content-type": "application/json" } });
}

/** What of an error may leave the server. Anything but our own may hold paths, SQL or worse. */
function shown(error: unknown): { code: string; message: string } {
  if (error instanceof SchemaError) return { code: error.code, message: error.message };
  return { code: "INTERNAL", message: "the schema could not be read" };
}

function failure(envelope: boolean, error: { code: string; message: string }): string {
  return JSON.stringify(envelope ? { success: false, error } : { error });
}

/** A strong validator: two answers share it only if they are the same, byte by byte. */
async function etag(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const hex = Array.from(new Uint8Array(digest).subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0"));
  return `"${hex.join("")}"`;
}

/** RFC 9110 §13.1.2: a list of tags, compared weakly; proxies that compress make a strong tag weak. */
function matches(header: string | null, etag: string): boolean {
  const tags = header?.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags?.some((tag) => tag === "*" || tag === etag) ?? false;
}

/** @internal Where the app says nothing of errors. */
export function report(error: unknown): void {
  console.error(error);
}
