/**
 * The server half: what the server says of its schema, out of drizzle's migrations, for any framework.
 *
 * ```ts
 * import { createElectricHandlers, createShapeProxy, drizzleFolder } from "electric-replica/server";
 *
 * const source = drizzleFolder("./drizzle");
 * export const electric = createElectricHandlers({ source });
 * export const shape = createShapeProxy({ source, electricUrl: "http://localhost:3000" });
 * // GET /api/electric/version → electric.version(request)
 * // GET /api/electric/schemas → electric.schemas(request)
 * // GET /api/electric/shape → shape(request)
 * ```
 *
 * @module electric-replica/server
 */
export { createElectricHandlers } from "./handlers.js";
export type { ElectricHandlers, HandlerOptions, VersionAnswer } from "./handlers.js";
export { drizzleBundle, drizzleFolder } from "./drizzle.js";
export type { DrizzleOptions, Migration } from "./drizzle.js";
export { expectsOf } from "./expectation.js";
export { manifestSource } from "./manifest.js";
export type {
  ManifestColumn,
  ManifestEnum,
  ManifestIndex,
  ManifestIndexColumn,
  ManifestSource,
  ManifestTable,
  ServerManifest,
} from "./manifest.js";
export { createShapeProxy } from "./shape-proxy.js";
export type { ShapeGrant, ShapeProxyOptions, ShapeTable } from "./shape-proxy.js";
export { SchemaError } from "./schema-error.js";
