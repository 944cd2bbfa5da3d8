import * as glue from "./wasm/client.js";

import { start, once } from "./loader.js";

const panicListeners = new Set<(message: string) => void>();
let address: URL | string | undefined;

const load = once(async () => {
  await start(
    glue,
    { url: new URL("./wasm/client_bg.wasm", import.meta.url), twin: () => import("./wasm/client_base64.js") },
    address,
  );
  glue.onPanic((message: string) => {
    for (const listener of panicListeners) listener(message);
  });
}, "the replica module");

/**
 * Loads the WebAssembly module once. Safe to call from anywhere, any number of times; `createReplicaManager` calls it.
 *
 * @param url where the module is served, where it is not beside this file
 */
export function initReplica(url?: URL | string): Promise<void> {
  address = url ?? address;
  return load();
}

/** Calls `listener` if the module panics: every instance of it is dead then. */
export function whenDead(listener: (message: string) => void): () => void {
  panicListeners.add(listener);
  return () => panicListeners.delete(listener);
}

export { RawReplica } from "./wasm/client.js";
