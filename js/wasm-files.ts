/**
 * Where the WebAssembly files are, as the app's bundler has placed them: for a page that loads them ahead of time, and for
 * a service worker that keeps them.
 *
 * @module electric-replica/wasm
 */
export { initReplica } from "./client.js";

/** The addresses of the package's WebAssembly files. */
export interface WasmFiles {
  /** What every page needs. */
  client: URL;
  /** What a first visit and a rebuild need besides. */
  rebuild: URL;
  /** What reads SQL: needed only where a server says its schema as SQL. */
  sql: URL;
}

/** The addresses from which the files are loaded, unless `initReplica` was told others. */
export function wasmFiles(): WasmFiles {
  return {
    client: new URL("./wasm/client_bg.wasm", import.meta.url),
    rebuild: new URL("./wasm/rebuild_bg.wasm", import.meta.url),
    sql: new URL("./wasm/ddl_bg.wasm", import.meta.url),
  };
}
