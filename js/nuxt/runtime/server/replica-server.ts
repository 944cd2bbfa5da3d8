/**
 * The three routes behind Nitro's events: version, schemas and shape, of one schema.
 *
 * Owns: what of the module's settings, of the runtime configuration and of the app's own server file goes where. Must not know: Nuxt,
 * or how a version, a manifest or a shape is answered.
 */
import type { H3Event } from "h3";

import { createElectricHandlers, createShapeProxy, drizzleBundle, drizzleFolder } from "../../../server/index.js";
import type { DrizzleOptions, ElectricHandlers, ManifestSource, ShapeGrant, ShapeTable } from "../../../server/index.js";
import { requestOf } from "./request.js";
import type { ServerEvent } from "./request.js";

/** What the app's own server file exports as its default; each of it may be left out. */
export interface ReplicaServerOptions {
  /**
   * The last migration that the database has; all have been applied where it is missing or gives `undefined`. Asked once a
   * request: where migrations run later than the server starts, look into `drizzle.__drizzle_migrations` for `max(created_at)`.
   */
  upTo?: DrizzleOptions["upTo"];
  /** The schema, in place of the migrations that were inlined. */
  source?: ManifestSource;
  /**
   * Whether whoever sent this request may read this table: `false`, `true`, or the part that may be read. Where this is set, no
   * cache keeps an answer. Default: everybody may read everything.
   *
   * @param event the server's event, for what a session is found by
   */
  allow?: (request: Request, table: ShapeTable, event: H3Event) => boolean | ShapeGrant | Promise<boolean | ShapeGrant>;
  /** Told once of everything that is wrong with the migrations but did not keep them from being read. Default: `console.warn`. */
  onWarning?: (warning: string) => void;
  /** Told of every error that became a 500 or a 502. Default: `console.error`. */
  onError?: (error: unknown) => void;
}

/** The private part of the runtime configuration: `NUXT_ELECTRIC_REPLICA_ELECTRIC_URL` and so on set it where the server starts. */
export interface PrivateConfig {
  /** Electric's address, without `/v1/shape`. Where it is empty, `ELECTRIC_URL` is. */
  electricUrl: string;
  /** Electric's `secret`. Where it is empty, `ELECTRIC_SECRET` is. */
  secret: string;
  /** Electric Cloud's `source_id`. Where it is empty, `ELECTRIC_SOURCE_ID` is. */
  sourceId: string;
}

/** What was written down when the server was built. */
export interface Built {
  /** The migrations' texts by their paths; in development the folder is read instead. */
  files?: Record<string, string> | undefined;
  /** The migrations' folder, in development. */
  folder?: string | undefined;
  /** The tables to serve; all where it is missing. */
  tables?: string[] | undefined;
  /** What the app's own file exports. */
  own?: ReplicaServerOptions | undefined;
  /** The runtime configuration, as it is for an event. */
  config: (event: ServerEvent) => Partial<PrivateConfig> | undefined;
}

/** `allow`, with as much of an event as is known here. */
type Allow = (request: Request, table: ShapeTable, event: ServerEvent) => ReturnType<NonNullable<ReplicaServerOptions["allow"]>>;

/** The routes. */
export interface ReplicaServer {
  version(event: ServerEvent): Promise<Response>;
  schemas(event: ServerEvent): Promise<Response>;
  shape(event: ServerEvent): Promise<Response>;
}

/** Makes the routes. Nothing is read before the first request. */
export function replicaServer({ files, folder, tables, own = {}, config }: Built): ReplicaServer {
  const onError = own.onError ?? ((error: unknown) => console.error(error));
  const source = own.source ?? migrations({ files, folder }, { tables, upTo: own.upTo, onWarning: own.onWarning });
  const electric: ElectricHandlers = createElectricHandlers({ source, onError });
  let told = false;
  return {
    version: (event) => electric.version(requestOf(event)),
    schemas: (event) => electric.schemas(requestOf(event)),
    async shape(event) {
      const { electricUrl, params } = upstream(config(event) ?? {});
      if (electricUrl === undefined) {
        if (!told) onError(new Error("electric-replica: ELECTRIC_URL must say where Electric is"));
        told = true;
        return Response.json({ message: "the server does not know where Electric is" }, { status: 503, headers: { "cache-control": "no-store" } });
      }
      const allow = own.allow as Allow | undefined;
      const mayRead = allow && ((request: Request, table: ShapeTable) => allow(request, table, event));
      return createShapeProxy({ electricUrl, source, params, onError, ...(mayRead ? { allow: mayRead } : {}) })(requestOf(event));
    },
  };
}

function migrations({ files, folder }: Pick<Built, "files" | "folder">, options: { [Name in keyof DrizzleOptions]: DrizzleOptions[Name] | undefined }): ManifestSource {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return files ? drizzleBundle(files, given) : drizzleFolder(folder ?? "drizzle", given);
}

/** Where Electric is, and what only it is told. */
function upstream({ electricUrl, secret, sourceId }: Partial<PrivateConfig>): { electricUrl: string | undefined; params: Record<string, string> } {
  const { env = {} } = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process ?? {}; // not every server is Node
  const params = { secret: secret || env["ELECTRIC_SECRET"], source_id: sourceId || env["ELECTRIC_SOURCE_ID"] };
  return {
    electricUrl: electricUrl || env["ELECTRIC_URL"] || undefined,
    params: Object.fromEntries(Object.entries(params).filter((entry): entry is [string, string] => !!entry[1])),
  };
}
