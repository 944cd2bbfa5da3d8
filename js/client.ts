import * as glue from "./wasm/client_bg.js";

import { bytes, once } from "./loader.js";
import { trapping } from "./traps.js";

/** What the module gives to JavaScript, the rebuild module included. */
type ClientExports = WebAssembly.Exports & { __wbindgen_start(): void };

const deathListeners = new Set<(trap: WebAssembly.RuntimeError) => void>();
let death: WebAssembly.RuntimeError | undefined;
let address: URL | string | undefined;
let exports: WebAssembly.Exports | undefined;

const load = once(async () => {
  const source = { url: new URL("./wasm/client_bg.wasm", import.meta.url), twin: () => import("./wasm/client_base64.js") };
  const { instance } = await WebAssembly.instantiate(await bytes(source, address), { "./client_bg.js": { ...glue } });
  const started = instance.exports as ClientExports;
  glue.__wbg_set_wasm(
    trapping(started, (trap) => {
      death = trap;
      for (const listener of deathListeners) listener(trap);
    }),
  );
  started.__wbindgen_start();
  exports = started;
}, "the replica module");

/**
 * Loads the half of the module that only a rebuild needs. It has no memory of its own: it puts its functions where the
 * first half looks for them.
 */
export const loadRebuild = once(async () => {
  const url = new URL("./wasm/rebuild_bg.wasm", import.meta.url);
  const beside = address === undefined ? undefined : new URL("rebuild_bg.wasm", new URL(address, url));
  const source = { url, twin: () => import("./wasm/rebuild_base64.js") };
  await WebAssembly.instantiate(await bytes(source, beside), { first: exports ?? {} });
}, "the rebuild module");

/**
 * Loads the WebAssembly module once. Safe to call from anywhere, any number of times; `createReplicaManager` calls it.
 *
 * @param url where the module is served, where it is not beside this file; `rebuild_bg.wasm` must be beside it
 */
export function initReplica(url?: URL | string): Promise<void> {
  address = url ?? address;
  return load();
}

/** Calls `listener` if the module traps, as it does when it panics: every instance of it is dead then. At once where it has trapped. */
export function whenDead(listener: (trap: WebAssembly.RuntimeError) => void): () => void {
  deathListeners.add(listener);
  if (death) listener(death);
  return () => deathListeners.delete(listener);
}

export { RawReplica } from "./wasm/client_bg.js";
